// Package test holds the system tests: they build the real binary, run it as
// broker, workers and clients in processes of their own, on real sockets of
// the loopback interface, and let libzmq (pyzmq) and pyahocorasick judge what
// comes out. There is nothing to import here.
//
//	go test ./test                  # what is not installed here is skipped
//	CI=true go test ./test          # nothing is skipped
//	TRAWL_RACE=1 go test -race ./test   # the binary has the race detector, too
//	go test ./test -run 'Killed|Leave|Stopped' -v -timeout 40m -faults 10m   # workers are killed for longer
//	go test ./test -run BrokersAreKilled -v -brokers 60s   # brokers, every 5 s
//	go test ./test -run StaysFlat -v -timeout 20m -soak 10m   # memory under mixed load
//
// What a file is for:
//
//	main_test.go      builds the binary, once
//	process_test.go   a process: its output, signals, exit status
//	fleet_test.go     a broker and workers, on ports of their own
//	peer_test.go      Python peers; what must be installed for them
//	corpus_test.go    the real input, and what pyahocorasick finds in it
//	compare_test.go   output held against what was expected, while it comes
//	answer_test.go    reading answers
//	load_test.go      a client with many requests under way, which counts
//	hammer_test.go    the same with edge/client, over several brokers, from anywhere
//	proc_test.go      what Linux says about a process
//	commands_test.go  the command lines of the Markdown pages, which package pages types
//	network_test.go   boards on a network of their own: namespaces (Linux, root), and faults
//
// and the rest are the tests. testdata holds the peers; zmqsocket.py is a libzmq
// socket that a test drives message by message. zmq4peer is a peer in Go, with the
// library go-zeromq/zmq4.
//
// Tests wait for events (a line of a log, something in the broker's status),
// never for time to pass. Each test ends what it started, and shows what its
// processes logged if it fails.
package test

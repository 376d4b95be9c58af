// Package zmtp is a ZeroMQ engine: it speaks ZMTP 3.1 (https://rfc.zeromq.org/spec/37/),
// and so with every ZeroMQ library of the last decade, over tcp://, ipc:// and inproc://.
//
// It works on messages and connections, not on sockets: the caller chooses the connection for a
// message, and adds and removes envelopes (the empty delimiter frame of REQ and REP among them).
// There is no hidden queue, no hidden goroutine per idle connection and no hidden loss: a full send
// queue is an error of Queue.
//
//	l, err := zmtp.Listen("tcp://127.0.0.1:5555", zmtp.Options{SocketType: "ROUTER"})
//	for {
//		c, err := l.Accept()
//		go func() {
//			for {
//				m, err := c.Recv()  // we own m
//				err = c.Send(nil, m) // and give it away
//			}
//		}()
//	}
//
// A [Dialer] connects to such an endpoint for ever.
//
// # Ownership
//
// A [Message] is a reference to a pooled buffer. The caller of Recv, NewMessage or Builder owns one
// reference and must pass the reference on (Queue and Send take a reference in every case) or
// Release it. Retain makes another reference. Frames are views and die with the last reference.
//
// # Batches
//
// Queue does not write; Flush does. A router serving a burst of messages should Queue each message,
// and Flush the touched connections when Buffered says that the next Recv would wait.
//
// # Dead peers
//
// A connection whose peer takes nothing written ends after Options.WriteTimeout. With
// Options.Heartbeat a connection with a silent peer ends, too: idle peers are asked for signs of
// life.
//
// # Security
//
// With CURVE both ends have a key, everything is encrypted, and the listener decides
// by the client's key whether it may come in; see the example of [Security].
// Keys are libzmq's.
//
// # Hostile peers
//
// Everything from a peer is held against the limits in [Options]. Breaking a limit or the protocol
// closes the connection of the peer, with a line in the log, and affects no other connection.
package zmtp

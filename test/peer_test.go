// Peers of another make: Python with pyzmq (libzmq) and pyahocorasick.

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	needs "trawl/test/need"
)

// need says which layers under the tests a test needs. One that is missing
// skips the test, and fails it in CI.
func need(t *testing.T, layers ...string) {
	t.Helper()
	for _, layer := range layers {
		there, known := installed[layer]
		if !known {
			t.Fatalf("no such layer: %s", layer)
		}
		needs.That(t, there(), layer)
	}
}

// installed tells for each layer, by its Debian package, whether it is there.
var installed = map[string]func() bool{
	"python3-zmq":         sync.OnceValue(func() bool { return python("import zmq") != "" }),
	"python3-ahocorasick": sync.OnceValue(func() bool { return python("import zmq, ahocorasick") != "" }),
	"Linux's /proc":       func() bool { return exists("/proc/self/smaps_rollup") },
	"go-zeromq/zmq4":      func() bool { _, err := zmq4Peer(); return err == nil },
	"qemu-user-static":    func() bool { return armv6.emulated() && arm64.emulated() },
	"iproute2":            sync.OnceValue(func() bool { return found("ip") && found("tc") }),
	"avahi-daemon":        sync.OnceValue(func() bool { return found("avahi-daemon") }),
	"nftables":            sync.OnceValue(func() bool { return found("nft") }),
	"network namespaces (as root)": sync.OnceValue(func() bool {
		probe := fmt.Sprintf("trawl-%d-probe", os.Getpid())
		defer func() { _ = exec.Command("ip", "netns", "del", probe).Run() }()
		return exec.Command("ip", "netns", "add", probe).Run() == nil &&
			exec.Command("ip", "-n", probe, "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1").Run() == nil
	}),
	"wamerican in TRAWL_PACKAGES":        func() bool { return exists(dictionary) },
	"wamerican-insane in TRAWL_PACKAGES": func() bool { return exists(largeDictionary) },
}

// Word lists of packages that test/need/packages.sh has unpacked.
var (
	dictionary      = filepath.Join(os.Getenv("TRAWL_PACKAGES"), "usr/share/dict/american-english")
	largeDictionary = filepath.Join(os.Getenv("TRAWL_PACKAGES"), "usr/share/dict/american-english-insane")
)

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func found(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// python returns an interpreter in which code runs, empty if there is none.
// The system's own, where Debian's packages are, need not be the first in PATH.
func python(code string) string {
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if needs.Command(python, "-c", code).Run() == nil {
			return python
		}
	}
	return ""
}

var interpreter = sync.OnceValue(func() string {
	if p := python("import zmq, ahocorasick"); p != "" {
		return p
	}
	return python("import zmq")
})

// peer starts a script of testdata.
func peer(t *testing.T, script string, args ...string) *process {
	t.Helper()
	return start(t, script, nil, append([]string{interpreter(), filepath.Join("testdata", script)}, args...)...)
}

// socket is a libzmq socket in a process of its own, driven by the test.
type socket struct {
	*process
	received *output
	next     int // line of received
}

// newSocket makes a socket of a kind (REQ, DEALER, REP…) that connects to
// endpoint. It does not wait for the connection.
func newSocket(t *testing.T, kind, endpoint string) *socket {
	t.Helper()
	received := newOutput()
	argv := []string{interpreter(), filepath.Join("testdata", "zmqsocket.py"), kind, endpoint}
	return &socket{process: start(t, kind, received, argv...), received: received}
}

// send sends one message.
func (s *socket) send(t *testing.T, frames ...string) {
	t.Helper()
	message := make([][]byte, len(frames))
	for i, f := range frames {
		message[i] = []byte(f)
	}
	line, err := json.Marshal(message) // base64
	if err == nil {
		_, err = s.stdin.Write(append(line, '\n'))
	}
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
}

// receive waits for one message.
func (s *socket) receive(t *testing.T) []string {
	t.Helper()
	line, err := s.received.line(s.next, time.Now().Add(patience))
	var message [][]byte
	if err == nil {
		err = json.Unmarshal([]byte(line), &message)
	}
	if err != nil {
		t.Fatalf("%s: no message: %v", s.name, err)
	}
	s.next++
	frames := make([]string, len(message))
	for i, f := range message {
		frames[i] = string(f)
	}
	return frames
}

// ask sends one message and waits for the next.
func (s *socket) ask(t *testing.T, frames ...string) []string {
	t.Helper()
	s.send(t, frames...)
	return s.receive(t)
}

// kill ends the socket's process as kill -9 does.
func (s *socket) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

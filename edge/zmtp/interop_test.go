package zmtp

// libzmq at the other end, through pyzmq: every pair of socket types that the
// broker and its peers use.

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"trawl/test/need"
)

// python is an interpreter that has pyzmq, empty if there is none. The second
// is where the system's package python3-zmq goes when PATH has another one.
var python = sync.OnceValue(func() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if need.Command(python, "-c", "import zmq").Run() == nil {
			return python
		}
	}
	return ""
})

// libzmqPeer is a running testdata/peer.py.
type libzmqPeer struct {
	line func() string // waits for the next line of output
	kill func()
}

// peerPrefix begins the names of variables that a test sets for peer.py.
const peerPrefix = "TEST_PEER_"

// startPeer runs testdata/peer.py, at most until the end of the test. Of the environment
// it gets what begins with peerPrefix, without that.
func startPeer(t *testing.T, arguments ...string) libzmqPeer {
	t.Helper()
	need.That(t, python() != "", "python3-zmq")
	cmd := need.Command(python(), append([]string{"testdata/peer.py"}, arguments...)...)
	for _, e := range os.Environ() {
		if forPeer, ok := strings.CutPrefix(e, peerPrefix); ok {
			cmd.Env = append(cmd.Env, forPeer)
		}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("peer.py %s: %s", strings.Join(arguments, " "), &stderr)
		}
	})
	lines := bufio.NewScanner(stdout)
	line := func() string {
		t.Helper()
		text, _ := within(t, "peer.py "+arguments[0], func() (string, error) {
			lines.Scan()
			return lines.Text(), nil
		})
		return text
	}
	return libzmqPeer{line: line, kill: func() { cmd.Process.Kill() }}
}

// answerInUpperCase serves c until it is over.
func answerInUpperCase(c *Conn) {
	for {
		m, err := c.Recv()
		if err != nil {
			return
		}
		var b Builder
		for _, f := range m.Frames() {
			b.AppendFrame(bytes.ToUpper(f))
		}
		m.Release()
		c.Send(nil, b.Message())
	}
}

// serve answers on every connection of a new ROUTER.
func serve(t *testing.T) (endpoint string) { return serveAt(t, "tcp://127.0.0.1:0") }

func serveAt(t *testing.T, at string) (endpoint string) {
	return serveWith(t, at, Options{SocketType: "ROUTER"})
}

func serveWith(t *testing.T, at string, o Options) (endpoint string) {
	l := mustListen(t, at, o)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go answerInUpperCase(c)
		}
	}()
	return l.Endpoint()
}

// peerSize is size(i) of peer.py.
func peerSize(i int) int { return []int{0, 1, 255, 256, 5000, 100_000}[i%6] }

func TestInteropREQ(t *testing.T) {
	peer := startPeer(t, "req", serve(t), "30")
	for i := range 30 {
		if got, want := peer.line(), fmt.Sprint(peerSize(i)); got != want {
			t.Fatalf("answer %d: %q, want %s", i, got, want)
		}
	}
}

func TestInteropDEALERWithAllRequestsInFlight(t *testing.T) {
	peer := startPeer(t, "dealer", serve(t), "600")
	if got := peer.line(); got != "600" {
		t.Errorf("%q different answers, want 600", got)
	}
}

// The peer is silent for longer than its heartbeat timeout. Without PONGs it
// would drop the connection and come back on another.
func TestInteropHeartbeatsKeepAnIdleConnection(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER"})
	peer := startPeer(t, "ping", l.Endpoint(), "2")
	c := mustAccept(t, l)
	go answerInUpperCase(c)
	for i := range 2 {
		if got, want := peer.line(), fmt.Sprint(peerSize(i)); got != want {
			t.Fatalf("answer %d: %q, want %s", i, got, want)
		}
	}
}

func TestInteropREPThatConnects(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{Announce: func(p Peer) (string, error) {
		if p.SocketType != "REP" {
			return "", fmt.Errorf("peer is a %s", p.SocketType)
		}
		return "DEALER", nil
	}})
	startPeer(t, "rep", l.Endpoint())
	c := mustAccept(t, l)
	mustAnswer(t, c, "number", "")
}

func TestInteropROUTERThatBinds(t *testing.T) {
	endpoint := startPeer(t, "router", "tcp://127.0.0.1:*").line()
	for _, socketType := range []string{"DEALER", "REQ", "ROUTER"} {
		c := mustDial(t, endpoint, Options{SocketType: socketType, Identity: []byte("me, a " + socketType)})
		mustAnswer(t, c, "", "")
	}
}

// mustAnswer sends requests of all sizes behind the envelope, all in flight, to a peer
// that answers them in order and in upper case.
func mustAnswer(t *testing.T, c *Conn, envelope ...string) {
	t.Helper()
	const requests = 60
	for i := range requests {
		m := msg(append(envelope, repeat("x", peerSize(i)), "")...)
		if err := c.Send(nil, m); err != nil {
			t.Fatal(err)
		}
	}
	for i := range requests {
		got := recvFrames(t, c)
		if n := len(got); n != len(envelope)+2 || got[n-1] != "" || got[n-2] != repeat("X", peerSize(i)) {
			t.Fatalf("answer %d: %s", i, short(got))
		}
	}
}

func TestInteropPUSHAndPULL(t *testing.T) {
	const count = 60
	total := 0
	for i := range count {
		total += peerSize(i)
	}
	t.Run("from PUSH", func(t *testing.T) {
		l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "PULL"})
		startPeer(t, "push", l.Endpoint(), fmt.Sprint(count))
		c := mustAccept(t, l)
		for i := range count {
			if got := recvFrames(t, c); len(got) != 1 || len(got[0]) != peerSize(i) {
				t.Fatalf("message %d: %s", i, short(got))
			}
		}
	})
	t.Run("to PULL", func(t *testing.T) {
		l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "PUSH"})
		peer := startPeer(t, "pull", l.Endpoint(), fmt.Sprint(count))
		c := mustAccept(t, l)
		for i := range count {
			c.Send(nil, NewMessage(make([]byte, peerSize(i))))
		}
		if got := peer.line(); got != fmt.Sprint(total) {
			t.Errorf("%s bytes arrived, want %d", got, total)
		}
	})
}

func TestInteropKilledPeerEndsItsConnectionAlone(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	peer := startPeer(t, "rep", l.Endpoint())
	killed := mustAccept(t, l)
	mustAnswer(t, killed, "")
	startPeer(t, "rep", l.Endpoint())
	survivor := mustAccept(t, l)

	peer.kill()
	if _, err := within(t, "Recv", killed.Recv); err == nil {
		t.Error("Recv from a killed peer: no error")
	}
	<-killed.Done()
	mustAnswer(t, survivor, "")
}

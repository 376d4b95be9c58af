package zmtp

// What the tests share: pairs of connections, raw peers, and the check that
// nothing is left running.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/test/need"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests: it is reached only when one fails.
const patience = time.Minute

// transports are the endpoints to listen on that tests run over.
var transports = map[string]func(t testing.TB) string{
	"tcp":    func(testing.TB) string { return "tcp://127.0.0.1:0" },
	"ipc":    func(t testing.TB) string { return "ipc://" + need.SocketPath(t) },
	"inproc": func(t testing.TB) string { return "inproc://" + t.Name() },
}

// nobodyListens reports whether err is how dialing fails then: for ipc the
// file is missing.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}

// overTransports runs test once for each transport.
func overTransports(t *testing.T, test func(t *testing.T, endpoint string)) {
	for name, endpoint := range transports {
		t.Run(name, func(t *testing.T) { test(t, endpoint(t)) })
	}
}

func mustListen(t testing.TB, endpoint string, o Options) *Listener {
	t.Helper()
	l, err := Listen(endpoint, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustDial(t testing.TB, endpoint string, o Options) *Conn {
	t.Helper()
	c, err := Dial(testContext(t), endpoint, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func mustAccept(t testing.TB, l *Listener) *Conn {
	t.Helper()
	c, err := within(t, "Accept", l.Accept)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pair returns the two ends of a new connection, DEALER to DEALER unless the
// options say something else.
func pair(t testing.TB, endpoint string, listen, dial Options) (accepted, dialed *Conn) {
	t.Helper()
	orDefault(&listen.SocketType, "DEALER")
	orDefault(&dial.SocketType, "DEALER")
	l := mustListen(t, endpoint, listen)
	dialed = mustDial(t, l.Endpoint(), dial)
	return mustAccept(t, l), dialed
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// within fails the test when f does not return in time. It waits for f all the
// same, for at most as long again.
func within[T any](t testing.TB, what string, f func() (T, error)) (T, error) {
	t.Helper()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-time.After(patience):
		t.Fatalf("%s did not return within %v", what, patience)
		panic("unreachable")
	}
}

// recvFrames receives one message as copied frames.
func recvFrames(t testing.TB, c *Conn) []string {
	t.Helper()
	m, err := within(t, "Recv", c.Recv)
	if err != nil {
		t.Fatalf("Recv: %v", err)
	}
	defer m.Release()
	return frameStrings(m)
}

func frameStrings(m Message) []string {
	frames := []string{}
	for _, f := range m.Frames() {
		frames = append(frames, string(f))
	}
	return frames
}

func msg(frames ...string) Message {
	var b Builder
	for _, f := range frames {
		b.AppendFrame([]byte(f))
	}
	return b.Message()
}

// mustEcho checks that a message makes it from a to b and back.
func mustEcho(t testing.TB, a, b *Conn) {
	t.Helper()
	for _, way := range [][2]*Conn{{a, b}, {b, a}} {
		if err := way[0].Send(nil, msg("", "ping-pong")); err != nil {
			t.Fatal(err)
		}
		if got := recvFrames(t, way[1]); len(got) != 2 || got[1] != "ping-pong" {
			t.Fatalf("received %q", got)
		}
	}
}

// rawDial connects without any handshake.
func rawDial(t testing.TB, endpoint string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c
}

// readyFrame is a READY command of a DEALER with further properties.
func readyFrame(socketType string, properties ...string) []byte {
	data := appendProperty(nil, propSocketType, []byte(socketType))
	for i := 0; i < len(properties); i += 2 {
		data = appendProperty(data, properties[i], []byte(properties[i+1]))
	}
	return appendCommand(nil, cmdReady, data)
}

func nullGreeting() []byte {
	return greeting{version: ours, mechanism: Null}.encode()
}

// rawPeer dials and goes through the handshake by hand, as a DEALER; it sends
// exactly what the test writes afterwards.
func rawPeer(t testing.TB, endpoint string) net.Conn {
	t.Helper()
	return rawPeerWith(t, endpoint, greeting{version: ours, mechanism: Null})
}

// rawPeerWith is rawPeer with a greeting of the test's.
func rawPeerWith(t testing.TB, endpoint string, mine greeting) net.Conn {
	t.Helper()
	c := rawDial(t, endpoint)
	c.Write(append(mine.encode(), readyFrame("DEALER")...))
	if _, err := readGreeting(c); err != nil {
		t.Fatal(err)
	}
	h := &handshake{s: &socketStream{socket: c.(*net.TCPConn)}, o: &Options{MaxHandshake: 1 << 10}}
	if name, _, err := h.readCommand(); err != nil || name != cmdReady {
		t.Fatalf("handshake: %q, %v", name, err)
	}
	return c
}

// mustBeClosed checks that the other end closes c without sending more than
// it sends at a handshake.
func mustBeClosed(t testing.TB, c net.Conn) {
	t.Helper()
	n, err := io.Copy(io.Discard, c)
	if isTimeout(err) {
		t.Fatalf("still open after %v and %d bytes", patience, n)
	}
}

func repeat(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }

func short(frames []string) string {
	var b strings.Builder
	for _, f := range frames {
		if len(f) > 20 {
			f = fmt.Sprintf("%s…(%d)", f[:20], len(f))
		}
		fmt.Fprintf(&b, "%q ", f)
	}
	return b.String()
}

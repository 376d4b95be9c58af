// The engine against libzmq: many mixed messages in both directions, over
// every transport and mechanism, with a digest of what was sent and of what
// arrived.

package test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"trawl/edge/zmtp"
	needs "trawl/test/need"
)

// link is a way to connect the engine and libzmq.
type link struct {
	name     string
	endpoint func(t *testing.T) string // to bind
	// secure, if set, gives our side its keys and returns the peer's arguments.
	secure func(t *testing.T, o *zmtp.Options, weListen bool) (peer []string)
}

var links = []link{
	{name: "tcp", endpoint: anyPort},
	{name: "ipc", endpoint: socketFile},
	{name: "tcp with PLAIN", endpoint: anyPort, secure: withPlain},
	{name: "tcp with CURVE", endpoint: anyPort, secure: withCurve},
	{name: "ipc with CURVE", endpoint: socketFile, secure: withCurve},
}

func anyPort(*testing.T) string { return "tcp://127.0.0.1:*" }

func socketFile(t *testing.T) string { return "ipc://" + needs.SocketPath(t) }

func withPlain(_ *testing.T, o *zmtp.Options, weListen bool) []string {
	const user, password = "user", "word"
	peer := []string{"--user", user, "--password", password}
	o.Security.Mechanism = zmtp.Plain
	if weListen {
		o.Security.CheckPassword = func(u, p string) bool { return u == user && p == password }
		return peer
	}
	o.Security.Username, o.Security.Password = user, password
	return append(peer, "--plain-server")
}

func withCurve(_ *testing.T, o *zmtp.Options, weListen bool) []string {
	server := zmtp.GenerateKey()
	o.Security = zmtp.Security{Mechanism: zmtp.Curve, Key: server}
	if weListen {
		return []string{"--curve-server=" + server.Public().String()} // in one word: a key may begin with a dash
	}
	o.Security.Key, o.Security.ServerKey = zmtp.GenerateKey(), server.Public()
	return []string{"--curve-secret=" + server.Z85()}
}

// mixedMessages are fewer with the race detector.
var mixedMessages = lessUnderRace(10_000)

const mixedWindow = 64 // messages that were not returned yet

// traffic is a pair of socket types. What we do returns digests of what we sent
// and received, without the first envelope frames.
type traffic struct {
	peer, ours string
	peerBinds  bool
	envelope   int
	do         func(c *zmtp.Conn, envelope int) (sent, received string, err error)
}

var traffics = []traffic{
	{peer: "REQ", ours: "ROUTER", envelope: 1, do: giveBack},
	{peer: "DEALER", ours: "ROUTER", do: giveBack},
	{peer: "REP", ours: "DEALER", envelope: 1, do: askMixed},
	{peer: "ROUTER", ours: "DEALER", peerBinds: true, do: askMixed},
	{peer: "PUSH", ours: "PULL", do: pull},
	{peer: "PULL", ours: "PUSH", do: push},
}

func TestEngineAndLibzmqExchangeMixedMessages(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	for _, l := range links {
		for _, tr := range traffics {
			t.Run(l.name+"/"+tr.peer, func(t *testing.T) {
				t.Parallel()
				exchange(t, l, tr)
			})
		}
	}
}

// exchange runs one kind of traffic and compares the digests of both sides.
func exchange(t *testing.T, l link, tr traffic) {
	c, p := connect(t, l, tr)
	stop := time.AfterFunc(2*patience, func() { _ = c.Close() })
	defer stop.Stop()
	sent, received, err := tr.do(c, tr.envelope)
	if err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 0 {
		t.Fatalf("the peer ended with exit status %d", code)
	}
	if arrived := lastWord(p, "received "); arrived != sent {
		t.Errorf("we sent %q, the peer received %q", sent, arrived)
	}
	if left := lastWord(p, "sent "); left != received {
		t.Errorf("the peer sent %q, we received %q", left, received)
	}
}

// connect starts the peer and connects it with us.
func connect(t *testing.T, l link, tr traffic) (*zmtp.Conn, *process) {
	o := zmtp.Options{SocketType: tr.ours}
	args := []string{tr.peer, l.endpoint(t), fmt.Sprint(mixedMessages)}
	if l.secure != nil {
		args = append(args, l.secure(t, &o, !tr.peerBinds)...)
	}
	if tr.peerBinds {
		p := peer(t, "zmtp_peer.py", append(args, "--bind")...)
		endpoint, err := p.log.line(0, time.Now().Add(patience))
		if err != nil {
			t.Fatalf("the peer does not listen: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		c, err := zmtp.Dial(ctx, endpoint, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c, p
	}
	listener, err := zmtp.Listen(args[1], o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	args[1] = listener.Endpoint()
	p := peer(t, "zmtp_peer.py", args...)
	late := time.AfterFunc(patience, func() { _ = listener.Close() })
	defer late.Stop()
	c, err := listener.Accept()
	if err != nil {
		t.Fatalf("the peer does not connect: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, p
}

// lastWord returns what follows start in the peer's output, empty if nothing.
func lastWord(p *process, start string) string {
	for line := range strings.Lines(p.log.String()) {
		if word, ok := strings.CutPrefix(line, start); ok {
			return strings.TrimSpace(word)
		}
	}
	return ""
}

// ---- what we do ----

func giveBack(c *zmtp.Conn, envelope int) (sent, received string, err error) {
	d := newDigest()
	for range mixedMessages {
		m, err := c.Recv()
		if err != nil {
			return "", "", err
		}
		d.add(m, envelope)
		if err := c.Queue(nil, m); err != nil {
			return "", "", err
		}
		if !c.Buffered() {
			c.Flush()
		}
	}
	c.Flush()
	return d.String(), d.String(), nil
}

func askMixed(c *zmtp.Conn, envelope int) (sent, received string, err error) {
	out, in := newDigest(), newDigest()
	take := func() error {
		m, err := c.Recv()
		if err == nil {
			in.add(m, envelope)
			m.Release()
		}
		return err
	}
	waiting := 0
	for m := range mixed(envelope) {
		out.add(m, envelope)
		if err := c.Send(nil, m); err != nil {
			return "", "", err
		}
		if waiting++; waiting == mixedWindow {
			if err := take(); err != nil {
				return "", "", err
			}
			waiting--
		}
	}
	for range waiting {
		if err := take(); err != nil {
			return "", "", err
		}
	}
	return out.String(), in.String(), nil
}

func pull(c *zmtp.Conn, _ int) (sent, received string, err error) {
	in := newDigest()
	for range mixedMessages {
		m, err := c.Recv()
		if err != nil {
			return "", "", err
		}
		in.add(m, 0)
		m.Release()
	}
	return "", in.String(), nil
}

func push(c *zmtp.Conn, _ int) (sent, received string, err error) {
	out := newDigest()
	for m := range mixed(0) {
		out.add(m, 0)
		for {
			err := c.Send(nil, m.Retain())
			if err == nil {
				break
			}
			if err != zmtp.ErrFull {
				return "", "", err
			}
			time.Sleep(time.Millisecond) // the peer reads more slowly than we write
		}
		m.Release()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return out.String(), "", c.Drain(ctx)
}

// mixed yields messages behind envelope empty frames: first every choice of
// empty frames among up to four, then at random, of up to 200 KB a frame.
func mixed(envelope int) func(yield func(zmtp.Message) bool) {
	const largest = 200_000
	var noise [2 * largest]byte
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise[:])
	r := rand.New(rand.NewPCG(1, 2))
	frame := func() []byte {
		most := 0
		switch n := r.IntN(1000); {
		case n < 5:
			most = largest
		case n < 30:
			most = 60_000
		case n < 220:
			most = 9_000
		case n < 600:
			most = 300
		}
		start := r.IntN(largest)
		return noise[start : start+r.IntN(most+1)]
	}
	var shapes [][][]byte
	for n := 1; n <= 4; n++ {
		for choice := range 1 << n {
			shape := make([][]byte, n)
			for i := range shape {
				if choice>>i&1 == 1 {
					shape[i] = []byte("full")
				}
			}
			shapes = append(shapes, shape)
		}
	}
	counts := []int{1, 1, 2, 3, 6} // of frames
	return func(yield func(zmtp.Message) bool) {
		for i := range mixedMessages {
			frames := make([][]byte, envelope)
			if i < len(shapes) {
				frames = append(frames, shapes[i]...)
			} else {
				for range counts[r.IntN(len(counts))] {
					frames = append(frames, frame())
				}
			}
			if !yield(zmtp.NewMessage(frames...)) {
				return
			}
		}
	}
}

// digest is that of zmtp_peer.py.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) add(m zmtp.Message, envelope int) {
	put := func(v int) { d.Write([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}) }
	put(m.NumFrames() - envelope)
	for i, f := range m.Frames() {
		if i >= envelope {
			put(len(f))
			d.Write(f)
		}
	}
}

func (d digest) String() string { return fmt.Sprintf("%x", d.Sum(nil)) }

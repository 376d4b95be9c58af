package zmtp

// Messages of all shapes arrive as they were sent, over every transport.

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

var shapes = map[string][]string{
	"one empty frame":    {""},
	"one byte":           {"x"},
	"short length 255":   {repeat("a", 255)},
	"long length 256":    {repeat("b", 256)},
	"envelope":           {"", "body"},
	"empty at the start": {"", "", "x"},
	"empty in between":   {"x", "", "", "y"},
	"empty at the end":   {"x", "y", ""},
	"only empty frames":  {"", "", "", ""},
	"coalesced at most":  {repeat("c", coalesceMax-longHeader)},
	"by reference":       {repeat("d", coalesceMax)},
	"read buffer size":   {repeat("e", readBuffer)},
	"around read buffer": {repeat("f", readBuffer-longHeader), "", repeat("g", readBuffer-1)},
	"read step and more": {repeat("h", readStep+1), "tail"},
	"5 MiB":              {"", repeat("0123456789abcdef", 5<<16), ""},
	"3000 frames":        slices.Repeat([]string{"", "frame"}, 1500),
}

func TestRoundTrip(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{SocketType: "ROUTER"}, Options{SocketType: "DEALER"})
		for name, frames := range shapes {
			for way, conns := range map[string][2]*Conn{"to listener": {b, a}, "to dialer": {a, b}} {
				if err := conns[0].Send(nil, msg(frames...)); err != nil {
					t.Fatal(err)
				}
				if got := recvFrames(t, conns[1]); !slices.Equal(got, frames) {
					t.Errorf("%s, %s: sent %s received %s", name, way, short(frames), short(got))
				}
			}
		}
	})
}

func TestMessagesStayInOrderThroughEveryPathOfWriting(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{}, Options{SendMessages: 1 << 20, SendBytes: 1 << 30})
		random := rand.New(rand.NewPCG(1, 2))
		const count = 3000
		var want []int
		for range count {
			size := random.IntN(200)
			if random.IntN(10) == 0 {
				size = random.IntN(100_000)
			}
			want = append(want, size)
		}
		go func() {
			for i, size := range want {
				body := make([]byte, size)
				prefix := AppendFrame(nil, []byte{byte(i), byte(i >> 8)}, true)
				b.Queue(prefix, NewMessage(body))
				if i%7 == 0 {
					b.Flush()
				}
			}
			b.Flush()
		}()
		for i, size := range want {
			m, err := within(t, "Recv", a.Recv)
			if err != nil {
				t.Fatal(err)
			}
			number := m.Frame(0)
			if m.NumFrames() != 2 || int(number[0])|int(number[1])<<8 != i || len(m.Frame(1)) != size {
				t.Fatalf("message %d is number %v with %d bytes", i, number, len(m.Frame(1)))
			}
			m.Release()
		}
	})
}

func TestReceivedMessageCanBeForwarded(t *testing.T) {
	a, b := pair(t, "tcp://127.0.0.1:0", Options{}, Options{})
	for _, body := range []string{"small", repeat("large", 10_000)} {
		if err := b.Send(nil, msg("number", "", body)); err != nil {
			t.Fatal(err)
		}
		m, err := within(t, "Recv", a.Recv)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(AppendFrame(nil, []byte("other"), true), m.Tail(1)); err != nil {
			t.Fatal(err)
		}
		if got := recvFrames(t, b); !slices.Equal(got, []string{"other", "", body}) {
			t.Errorf("received %s", short(got))
		}
	}
}

func TestBothSidesLearnWhoThePeerIs(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint,
			Options{SocketType: "ROUTER", Identity: []byte("broker")},
			Options{SocketType: "REQ", Identity: []byte("client")})
		for name, test := range map[string]struct {
			got                  Peer
			socketType, identity string
		}{
			"listener": {a.Peer(), "REQ", "client"},
			"dialer":   {b.Peer(), "ROUTER", "broker"},
		} {
			p := test.got
			if p.SocketType != test.socketType || string(p.Identity) != test.identity ||
				p.Mechanism != "NULL" || p.Version != (Version{3, 1}) || !p.Local || p.RemoteAddr == "" || p.User != "" || p.Metadata != nil {
				t.Errorf("%s sees %+v", name, p)
			}
		}
	})
}

func TestCloseIsSeenByBothSides(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, b := pair(t, endpoint, Options{}, Options{})
		mustEcho(t, a, b)
		a.Close()
		a.Close()
		if _, err := within(t, "Recv", a.Recv); !errors.Is(err, ErrClosed) {
			t.Errorf("Recv after Close: %v", err)
		}
		if _, err := within(t, "Recv", b.Recv); err != io.EOF {
			t.Errorf("Recv after the peer's Close: %v", err)
		}
		for _, c := range []*Conn{a, b} {
			<-c.Done()
			m := msg("x")
			if err := c.Send(nil, m.Retain()); !errors.Is(err, ErrClosed) {
				t.Errorf("Send on a closed connection: %v", err)
			}
			if refs := m.buf.refs.Load(); refs != 1 {
				t.Errorf("%d references after a refused Send, want 1", refs)
			}
			m.Release()
		}
	})
}

func TestCloseEndsRecvInProgress(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		a, _ := pair(t, endpoint, Options{}, Options{})
		received := make(chan error, 1)
		go func() {
			_, err := a.Recv()
			received <- err
		}()
		a.Close()
		if err := <-received; !errors.Is(err, ErrClosed) {
			t.Errorf("Recv: %v", err)
		}
	})
}

func TestBufferedTellsWhetherRecvWillWait(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	ping := appendCommand(nil, cmdPing, []byte{0, 0})
	var b []byte
	b = AppendFrame(b, []byte("1"), false)
	b = append(b, ping...)
	b = AppendFrame(AppendFrame(b, nil, true), []byte("2"), false)
	b = append(b, ping...)
	b = AppendFrame(b, []byte("half a message"), true)
	raw.Write(b)
	if got := recvFrames(t, c); got[0] != "1" {
		t.Fatalf("received %q", got)
	}
	if !c.Buffered() {
		t.Error("false before a message that is there")
	}
	recvFrames(t, c)
	if c.Buffered() {
		t.Error("true before half a message")
	}
}

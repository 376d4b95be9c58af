package zmtp

// Frames and versions at the edges of the protocol, as foreign implementations
// may send them, and what they cost.

import (
	"strings"
	"testing"
)

func TestFramesOfEverySizeAroundTheFormsOfTheHeader(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	for _, size := range []int{0, 1, 254, 255, 256, 257, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		body := repeat("x", size)
		go raw.Write(AppendFrame(nil, []byte(body), false))
		if got := recvFrames(t, c); len(got) != 1 || got[0] != body {
			t.Errorf("%d bytes: received %s", size, short(got))
		}
		go raw.Write(longFrame(0, uint64(size), body)) // also where the short form would do
		if got := recvFrames(t, c); len(got) != 1 || got[0] != body {
			t.Errorf("%d bytes in long form: received %s", size, short(got))
		}
	}
}

func TestLaterVersionsAreAcceptedAsOurs(t *testing.T) {
	for _, version := range []Version{{3, 2}, {3, 255}, {4, 0}, {255, 255}} {
		l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
		rawPeerOf(t, l.Endpoint(), version)
		if got := mustAccept(t, l).Peer().Version; got != ours {
			t.Errorf("%v became %v", version, got)
		}
	}
}

func TestERRORAfterTheHandshakeEndsTheConnection(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	raw.Write(appendCommand(nil, cmdError, []byte("\x07go\naway")))
	if _, err := within(t, "Recv", c.Recv); err == nil || !strings.Contains(err.Error(), `"go\naway"`) {
		t.Errorf("Recv: %v", err)
	}
	mustBeClosed(t, raw)
	mustServe(t, l)
}

// What the queue counts is near to what it holds: but for the smallest, no
// buffer is more than two and a half times as large as was asked for.
func TestBuffersAreNotMuchLargerThanWhatWasAskedFor(t *testing.T) {
	for n := bufferClasses[0] / 2; n < 3<<20; n += n/50 + 1 {
		b := newBuffer(n)
		if have := cap(b.b); have < n || have > n*5/2 {
			t.Errorf("%d bytes for %d", have, n)
		}
		b.release()
	}
}

package zmtp

// Hostile by persistence: peers that send a byte now and then, or never read,
// or come again and again; and what of it is counted and logged.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/test/need"
)

// The deadline of the handshake is one for all of it: a byte now and then does
// not put it off.
func TestSlowLorisInTheHandshakeEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	const timeout = 500 * time.Millisecond
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", HandshakeTimeout: timeout})
	var slow sync.WaitGroup
	for range 20 {
		raw := rawDial(t, l.Endpoint())
		slow.Go(func() {
			begin := time.Now()
			for _, b := range nullGreeting() {
				if _, err := raw.Write([]byte{b}); err != nil {
					break
				}
				time.Sleep(timeout / 10) // a tenth of the greeting within the deadline
			}
			mustBeClosed(t, raw)
			if took := time.Since(begin); took > timeout*64/10 {
				t.Errorf("could go on for %v", took)
			}
		})
	}
	mustServe(t, l)
	slow.Wait()
	if n := l.Stats().Refused[ReasonTimeout]; n != 20 {
		t.Errorf("%d peers refused because of time: %+v", n, l.Stats())
	}
}

// After the handshake a byte now and then is allowed. It costs its own bytes
// and nobody else's time.
func TestSlowLorisInAMessageHoldsOnlyWhatItSent(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	for range 20 {
		raw := rawPeer(t, l.Endpoint())
		slow := mustAccept(t, l)
		received := make(chan error, 1)
		go func() {
			_, err := slow.Recv()
			received <- err
		}()
		for _, b := range longFrame(0, 50<<20, "a little") {
			raw.Write([]byte{b})
		}
		t.Cleanup(func() {
			slow.Close()
			if err := <-received; !errors.Is(err, ErrClosed) {
				t.Errorf("Recv: %v", err)
			}
		})
	}
	mustServe(t, l)
}

func TestRefusedPeersDoNotFloodTheLog(t *testing.T) {
	var log logBuffer
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Log: log.logger()})
	const flood = 2 * infoLines
	for i := range flood {
		raw := rawDial(t, l.Endpoint())
		raw.Write(append(nullGreeting(), appendCommand(nil, fmt.Sprint("X", i), nil)...)) // a reason of its own for each
		mustBeClosed(t, raw)
	}
	l.Close()
	if n := strings.Count(log.String(), `msg="peer refused"`); n != infoLines {
		t.Errorf("%d lines, want %d", n, infoLines)
	}
	if want := fmt.Sprintf("suppressed=%d", flood-infoLines); !strings.Contains(log.String(), want) {
		t.Errorf("the log does not say %s", want)
	}
	if stats := l.Stats(); stats.Refused[ReasonProtocol] != flood {
		t.Errorf("counted %+v", stats)
	}
}

func TestStatsCountByReason(t *testing.T) {
	t.Parallel()
	for reason, make := range map[Reason]func(raw net.Conn){
		ReasonLeft: func(raw net.Conn) { raw.Close() },
		ReasonError: func(raw net.Conn) {
			raw.Write(append(nullGreeting(), appendCommand(nil, cmdError, []byte("\x02no"))...))
		},
		ReasonTimeout:     func(net.Conn) {},
		ReasonProtocol:    func(raw net.Conn) { raw.Write([]byte("garbage")) },
		ReasonSecurity:    func(raw net.Conn) { raw.Write(greeting{version: ours, mechanism: "OTHER"}.encode()) },
		ReasonApplication: func(raw net.Conn) { raw.Write(append(nullGreeting(), readyFrame("REQ")...)) },
	} {
		t.Run(string(reason), func(t *testing.T) {
			timeout := patience
			if reason == ReasonTimeout {
				timeout = time.Second
			}
			l := mustListen(t, "tcp://127.0.0.1:0", Options{
				HandshakeTimeout: timeout,
				RefusalHold:      -1,
				Announce: func(p Peer) (string, error) {
					if p.SocketType == "REQ" {
						return "", errors.New("not today")
					}
					return "DEALER", nil
				},
			})
			mustServe(t, l)
			make(rawDial(t, l.Endpoint()))
			waitUntil(t, func() bool { return len(l.Stats().Refused) > 0 })
			if stats := l.Stats(); stats.Accepted != 1 || stats.Refused[reason] != 1 || len(stats.Refused) != 1 {
				t.Errorf("%+v", stats)
			}
			waitUntil(t, func() bool { return l.Stats().Handshaking == 0 })
		})
	}
}

func TestHandshakesThatGaveWayAreCounted(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", MaxHandshakes: 2, HandshakeTimeout: time.Minute})
	for range 3 {
		rawDial(t, l.Endpoint())
	}
	waitUntil(t, func() bool { return l.Stats().Refused[ReasonOverload] > 0 })
	if n := l.Stats().Handshaking; n > 2 {
		t.Errorf("%d in progress", n)
	}
}

// One peer never reads, another sends 64 KB messages at full speed, all of them
// to the one that never reads: the others go on as ever.
func TestDeafPeerUnderFullFireLeavesOthersAlone(t *testing.T) {
	const budget = 4 << 20
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", SendBytes: budget})
	rawPeer(t, l.Endpoint())
	deaf := mustAccept(t, l)
	gun := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
	loud := mustAccept(t, l)
	dialed := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
	served := mustAccept(t, l)
	go answerInUpperCase(served)

	var firing sync.WaitGroup
	firing.Go(func() {
		m := NewMessage(make([]byte, 64<<10))
		defer m.Release()
		for {
			if err := gun.Send(nil, m.Retain()); err != nil && err != ErrFull {
				return
			}
			if n, _ := gun.Queued(); n > 100 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	full := make(chan struct{})
	firing.Go(func() {
		for refused := 0; ; {
			m, err := loud.Recv()
			if err != nil {
				return
			}
			if err := deaf.Send(nil, m); err == ErrFull {
				if refused++; refused == 1 {
					close(full)
				}
			}
		}
	})
	within(t, "ErrFull", func() (any, error) { <-full; return nil, nil })
	var took []time.Duration
	for range 300 {
		begin := time.Now()
		dialed.Send(nil, msg("x"))
		recvFrames(t, dialed)
		took = append(took, time.Since(begin))
		if _, bytes := deaf.Queued(); bytes > budget {
			t.Fatalf("%d bytes are queued", bytes)
		}
	}
	slices.Sort(took)
	t.Logf("round trip of others: p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
	gun.Close()
	firing.Wait()
}

// After any of the hostile openings there is a listener that serves, and
// nothing left of the peer.
func TestHostilePeersOverIPC(t *testing.T) {
	path := need.SocketPath(t)
	l := mustListen(t, "ipc://"+path, limits)
	for _, cases := range []map[string]struct {
		sent   []byte
		reason string
	}{badHandshakes, badTraffic} {
		for _, test := range cases {
			raw, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			raw.SetDeadline(time.Now().Add(patience))
			go raw.Write(bytes.Clone(test.sent))
			raw.(*net.UnixConn).CloseWrite()
			io.Copy(io.Discard, raw)
			raw.Close()
		}
	}
	mustServe(t, l)
}

package zmtp

// Signs of life: who is asked for them, what counts as one, and what happens
// without.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// brisk is short enough for tests; what must not happen gets a few timeouts.
var brisk = Heartbeat{Interval: 20 * time.Millisecond, Timeout: 100 * time.Millisecond}

// rawPeerOf is rawPeer with a version to announce.
func rawPeerOf(t testing.TB, endpoint string, version Version) net.Conn {
	t.Helper()
	return rawPeerWith(t, endpoint, greeting{version: version, mechanism: Null})
}

// mustReceive reads exactly want off a raw connection.
func mustReceive(t *testing.T, c net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received % x, %v; want % x", got, err, want)
	}
}

// mustReceiveNothing reads for d.
func mustReceiveNothing(t *testing.T, c net.Conn, d time.Duration) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(d))
	defer c.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 100)); n > 0 || !isTimeout(err) {
		t.Fatalf("received %d bytes, %v", n, err)
	}
}

func mustBeTakenForDead(t *testing.T, c *Conn) {
	t.Helper()
	if _, err := within(t, "Recv", c.Recv); !errors.Is(err, ErrSilent) {
		t.Fatalf("Recv: %v, want ErrSilent", err)
	}
	<-c.Done() // logged
}

func TestSilentPeerIsAskedThenTakenForDead(t *testing.T) {
	t.Parallel()
	var log logBuffer
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Heartbeat: brisk, Log: log.logger()})
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 1})
	c := mustAccept(t, l)
	begin := c.LastReceived()
	mustBeTakenForDead(t, c)
	if took := time.Since(begin); took < brisk.Timeout {
		t.Errorf("taken for dead after %v", took)
	}
	mustReceive(t, raw, appendCommand(nil, cmdPing, []byte{0, 1})) // TTL: 0.1 s
	mustBeClosed(t, raw)
	if !strings.Contains(log.String(), "peer is silent: nothing received from "+raw.LocalAddr().String()) {
		t.Errorf("log: %s", log.String())
	}
}

func TestHeartbeatOfOneConnectionCanBeChanged(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Heartbeat: Heartbeat{Interval: time.Hour}})
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 1})
	c := mustAccept(t, l)
	if err := c.SetHeartbeat(Heartbeat{Interval: time.Second, Timeout: time.Second}); err == nil {
		t.Error("a timeout of one interval is taken")
	}
	if err := c.SetHeartbeat(Heartbeat{}); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	if c.live.timer != nil || c.live.pings() {
		t.Error("still watched")
	}
	c.mu.Unlock()
	if err := c.SetHeartbeat(brisk); err != nil {
		t.Fatal(err)
	}
	mustBeTakenForDead(t, c)
	mustReceive(t, raw, appendCommand(nil, cmdPing, []byte{0, 1}))
	if err := c.SetHeartbeat(brisk); err != nil { // of a connection that is over
		t.Fatal(err)
	}
	if c.live.timer != nil {
		t.Error("a connection that is over is watched")
	}
}

func TestPeerOfZMTP30IsAskedOnlyAfterItHasAsked(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Heartbeat: brisk})
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 0})
	c := mustAccept(t, l)
	dead := make(chan error, 1)
	go func() {
		_, err := c.Recv()
		dead <- err
	}()
	mustReceiveNothing(t, raw, 3*brisk.Timeout)
	raw.Write(appendCommand(nil, cmdPing, []byte{0, 0, 'x'}))
	mustReceive(t, raw, appendCommand(nil, cmdPong, []byte("x")))
	mustReceive(t, raw, appendCommand(nil, cmdPing, []byte{0, 1}))
	if err := <-dead; !errors.Is(err, ErrSilent) {
		t.Errorf("Recv: %v", err)
	}
}

func TestNobodyIsAskedWithoutHeartbeat(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 1})
	c := mustAccept(t, l)
	go c.Recv()
	mustReceiveNothing(t, raw, 100*time.Millisecond)
	if c.live.timer != nil {
		t.Error("there is a timer")
	}
}

// A byte now and then in the middle of a message keeps a connection, and shows
// in LastReceived.
func TestEveryByteIsASignOfLife(t *testing.T) {
	t.Parallel()
	o := Options{SocketType: "DEALER", Heartbeat: Heartbeat{Interval: 100 * time.Millisecond, Timeout: 400 * time.Millisecond}}
	l := mustListen(t, "tcp://127.0.0.1:0", o)
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 1})
	c := mustAccept(t, l)
	begin := time.Now()
	go func() {
		for _, b := range AppendFrame(nil, []byte("0123456789"), false) {
			raw.Write([]byte{b})
			time.Sleep(50 * time.Millisecond)
		}
	}()
	if got := recvFrames(t, c); got[0] != "0123456789" {
		t.Errorf("received %q", got)
	}
	if took := time.Since(begin); took < o.Heartbeat.Timeout {
		t.Fatalf("took only %v", took)
	}
	if last := c.LastReceived(); last.Before(begin.Add(o.Heartbeat.Timeout)) || last.After(time.Now()) {
		t.Errorf("LastReceived is %v after the begin", last.Sub(begin))
	}
}

func TestLastReceivedMovesWithinALargeMessage(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	go c.Recv()
	raw.Write(longFrame(0, 10<<20, ""))
	for range 3 {
		before := c.LastReceived()
		raw.Write(make([]byte, 100_000)) // of 10 MB, past the read buffer
		waitUntil(t, func() bool { return c.LastReceived().After(before) })
	}
}

func TestTTLOfThePeerIsHonoured(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeerOf(t, l.Endpoint(), Version{3, 0})
	c := mustAccept(t, l)
	raw.Write(appendCommand(nil, cmdPing, []byte{0, 2})) // 0.2 s
	begin := time.Now()
	mustBeTakenForDead(t, c)
	if took := time.Since(begin); took < 150*time.Millisecond {
		t.Errorf("taken for dead after %v", took)
	}
}

func TestTTLCanBeTakenBack(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	raw.Write(appendCommand(nil, cmdPing, []byte{0, 1}))
	raw.Write(appendCommand(nil, cmdPing, []byte{0, 0}))
	go c.Recv()
	mustReceive(t, raw, appendCommand(appendCommand(nil, cmdPong, nil), cmdPong, nil))
	mustReceiveNothing(t, raw, 300*time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live.timer != nil {
		t.Error("the timer goes on")
	}
}

// What the peer has sent may be waiting in the socket while nobody reads.
func TestSilenceCountsOnlyWhileSomebodyReads(t *testing.T) {
	t.Parallel()
	a, b := pair(t, "tcp://127.0.0.1:0", Options{}, Options{Heartbeat: brisk})
	a.Send(nil, msg("early"))
	select {
	case <-b.Done():
		_, err := b.Recv()
		t.Fatal(err)
	case <-time.After(3 * brisk.Timeout):
	}
	if got := recvFrames(t, b); got[0] != "early" {
		t.Errorf("received %q", got)
	}
	mustBeTakenForDead(t, b) // a is in Recv only now and then: never
}

func TestJudgement(t *testing.T) {
	const timeout = time.Hour // the timer itself never comes
	for name, test := range map[string]struct {
		silent, watched, late time.Duration
		nobodyReads           bool
		dead                  bool
	}{
		"heard just now":            {0, 2 * timeout, 0, false, false},
		"almost":                    {timeout - time.Minute, 2 * timeout, 0, false, false},
		"silent":                    {timeout, 2 * timeout, 0, false, true},
		"silent, but watched newly": {timeout, timeout / 2, 0, false, false},
		"silent, but nobody reads":  {timeout, 2 * timeout, 0, true, false},
		"silent, but we slept":      {timeout, 2 * timeout, timeout, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := pair(t, "inproc://"+t.Name(), Options{Heartbeat: Heartbeat{Interval: timeout / 3, Timeout: timeout}}, Options{})
			now := time.Since(epoch)
			c.heard.last.Store(int64(now - test.silent))
			c.live.counted, c.live.due = now-test.watched, now-test.late
			if _, dead := c.checkSilence(test.nobodyReads); dead != test.dead {
				t.Errorf("dead: %v", dead)
			}
		})
	}
}

func TestHeartbeatsKeepIdleConnections(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		t.Parallel()
		h := Heartbeat{Interval: 40 * time.Millisecond, Timeout: 200 * time.Millisecond}
		a, b := pair(t, endpoint, Options{Heartbeat: h}, Options{Heartbeat: h})
		received := make(chan string, 2)
		for _, c := range []*Conn{a, b} {
			go func() {
				m, err := c.Recv()
				received <- fmt.Sprint(frameStrings(m), err)
				m.Release()
			}()
		}
		select {
		case got := <-received:
			t.Fatal(got)
		case <-time.After(2 * h.Timeout):
		}
		a.Send(nil, msg("still here"))
		b.Send(nil, msg("still here"))
		for range 2 {
			if got := <-received; got != "[still here] <nil>" {
				t.Error(got)
			}
		}
	})
}

// A peer that sends all the time needs PINGs, too: their TTL has made it wait
// for signs of life of ours.
func TestPeerThatSendsAllTheTimeIsStillPinged(t *testing.T) {
	t.Parallel()
	h := Heartbeat{Interval: 40 * time.Millisecond, Timeout: 200 * time.Millisecond}
	pull, push := pair(t, "tcp://127.0.0.1:0", Options{Heartbeat: h}, Options{})
	go func() {
		for {
			m, err := pull.Recv()
			if err != nil {
				return
			}
			m.Release()
		}
	}()
	go push.Recv() // hears nothing but PINGs
	for end := time.Now().Add(2 * h.Timeout); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err := push.Send(nil, msg("x")); err != nil {
			_, err := push.Recv()
			t.Fatal(err)
		}
	}
}

func TestWatchIsSpeededUpButNeverPutOffByPINGs(t *testing.T) {
	c, _ := pair(t, "inproc://"+t.Name(), Options{Heartbeat: Heartbeat{Interval: time.Hour}}, Options{})
	slow := c.live.due
	c.pinged(10 * time.Minute)
	fast := c.live.due
	if fast > slow-time.Minute {
		t.Errorf("looks in %v with a TTL of 10m", fast-time.Since(epoch))
	}
	time.Sleep(2 * time.Millisecond)
	c.pinged(10 * time.Minute)
	c.pinged(time.Hour)
	if c.live.due != fast {
		t.Errorf("the look was put off by %v", c.live.due-fast)
	}
}

// The peer's heartbeat goes on after our half has been closed; it must not break
// the drain.
func TestPINGDuringDrainDoesNoHarm(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	drained := make(chan error, 1)
	go func() { drained <- c.Drain(testContext(t)) }()
	if _, err := io.ReadFull(raw, make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	for range 3 {
		raw.Write(pingFrame("x"))
	}
	raw.Close()
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
}

func TestDialerNoticesADeadListenerAndComesBack(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	ctx, cancel := context.WithCancel(context.Background())
	downs := make(chan error, 100)
	d := Dialer{
		Endpoint: l.Endpoint(),
		Options:  Options{SocketType: "DEALER", Heartbeat: brisk, BackoffMin: time.Millisecond},
		Down:     func(err error, _ time.Duration) { downs <- err },
	}
	ran := make(chan error, 1)
	go func() {
		ran <- d.Run(ctx, func(_ context.Context, c *Conn) error {
			defer context.AfterFunc(ctx, func() { c.Close() })()
			_, err := c.Recv()
			return err
		})
	}()
	for range 2 {
		mustAccept(t, l) // and never answers a PING, as if it had lost its power
		if err, _ := within(t, "Down", func() (error, error) { return <-downs, nil }); !errors.Is(err, ErrSilent) {
			t.Errorf("down because of %v", err)
		}
	}
	cancel()
	<-ran
}

func TestWatchingNeedsNoGoroutine(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Heartbeat: Heartbeat{Interval: 200 * time.Millisecond}})
	before := runtime.NumGoroutine()
	for range 100 {
		mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
		mustAccept(t, l)
	}
	waitUntil(t, func() bool { return runtime.NumGoroutine() <= before+10 })
}

func TestHeartbeatThatCannotWorkIsRefused(t *testing.T) {
	for _, h := range []Heartbeat{{Interval: time.Second, Timeout: time.Second}, {Interval: -1}} {
		if _, err := Listen("inproc://"+t.Name(), Options{SocketType: "DEALER", Heartbeat: h}); err == nil || !strings.Contains(err.Error(), "heartbeat") {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

func TestWatchEndsWithTheConnection(t *testing.T) {
	c, _ := pair(t, "inproc://"+t.Name(), Options{Heartbeat: Heartbeat{Interval: time.Hour}}, Options{})
	c.Close()
	if c.live.timer.Stop() {
		t.Error("the timer goes on")
	}
}

func TestPINGCarriesTheTTLRoundedUp(t *testing.T) {
	for ttl, want := range map[time.Duration][]byte{
		-1:                     {0, 0},
		time.Millisecond:       {0, 1},
		100 * time.Millisecond: {0, 1},
		3 * time.Second:        {0, 30},
		24 * time.Hour:         {0xff, 0xff},
	} {
		if got := (Heartbeat{TTL: ttl}).ping(); !bytes.Equal(got, want) {
			t.Errorf("%v: % x, want % x", ttl, got, want)
		}
	}
	if h := (Heartbeat{Interval: time.Second}).withDefaults(); h.Timeout != 3*time.Second || h.TTL != 3*time.Second {
		t.Errorf("defaults %+v", h)
	}
}

// Heartbeats of ours and of libzmq, with a TTL each way, over an idle connection.
func TestInteropHeartbeatsBothWays(t *testing.T) {
	t.Parallel()
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Heartbeat: Heartbeat{Interval: 200 * time.Millisecond, Timeout: 3 * time.Second}})
	peer := startPeer(t, "ping", l.Endpoint(), "2", "3000")
	c := mustAccept(t, l)
	go answerInUpperCase(c)
	for i := range 2 {
		if got, want := peer.line(), fmt.Sprint(peerSize(i)); got != want {
			t.Fatalf("answer %d: %q, want %s", i, got, want)
		}
	}
	if stats := l.Stats(); stats.Accepted != 1 || len(stats.Refused) != 0 {
		t.Errorf("it came back: %+v", stats)
	}
}

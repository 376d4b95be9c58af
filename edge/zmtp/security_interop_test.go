package zmtp

// libzmq at the other end of PLAIN and CURVE, both ways.

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// setPeer sets the environment that peer.py takes its security from; see startPeer.
func setPeer(t *testing.T, s Security, server bool) {
	switch {
	case s.Mechanism == Curve:
		t.Setenv(peerPrefix+"CURVE_SECRET", s.Key.Z85())
		if !server {
			t.Setenv(peerPrefix+"CURVE_SERVER", s.ServerKey.String())
		}
	case server:
		t.Setenv(peerPrefix+"PLAIN_ALLOWED", "pi:raspberry")
	default:
		t.Setenv(peerPrefix+"PLAIN_USER", s.Username+":"+s.Password)
	}
}

func overMechanisms(t *testing.T, test func(t *testing.T, listen, dial Security)) {
	for mechanism, s := range securities {
		t.Run(mechanism, func(t *testing.T) { test(t, s.listener(), s.dialer()) })
	}
}

func TestSecureInteropClientsOfOurROUTER(t *testing.T) {
	overMechanisms(t, func(t *testing.T, listen, dial Security) {
		setPeer(t, dial, false)
		endpoint := serveWith(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: listen})
		req := startPeer(t, "req", endpoint, "30")
		dealer := startPeer(t, "dealer", endpoint, "600")
		for i := range 30 {
			if got, want := req.line(), fmt.Sprint(peerSize(i)); got != want {
				t.Fatalf("answer %d to REQ: %q, want %s", i, got, want)
			}
		}
		if got := dealer.line(); got != "600" {
			t.Errorf("%q different answers to DEALER, want 600", got)
		}
	})
}

// A REP connects and we are the DEALER it needs, which is known only from its
// INITIATE.
func TestSecureInteropREPThatConnects(t *testing.T) {
	overMechanisms(t, func(t *testing.T, listen, dial Security) {
		setPeer(t, dial, false)
		l := mustListen(t, "tcp://127.0.0.1:0", Options{Security: listen, Announce: func(p Peer) (string, error) {
			if p.SocketType != "REP" || p.User == "" {
				return "", fmt.Errorf("peer is %+v", p)
			}
			return "DEALER", nil
		}})
		startPeer(t, "rep", l.Endpoint())
		mustAnswer(t, mustAccept(t, l), "number", "")
	})
}

func TestSecureInteropServersThatBind(t *testing.T) {
	overMechanisms(t, func(t *testing.T, listen, dial Security) {
		setPeer(t, listen, true)
		for kind, socketTypes := range map[string][]string{"router": {"DEALER", "REQ", "ROUTER"}, "rep": {"DEALER"}} {
			endpoint := startPeer(t, kind, "tcp://127.0.0.1:*").line()
			for _, socketType := range socketTypes {
				c := mustDial(t, endpoint, Options{SocketType: socketType, Security: dial})
				mustAnswer(t, c, "")
				c.Close()
			}
		}
	})
}

// The peer is silent for longer than its heartbeat timeout: without our PONGs,
// which travel as MESSAGEs, it would come back on another connection.
func TestSecureInteropHeartbeatsOfThePeer(t *testing.T) {
	setPeer(t, curveDialer(), false)
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: curveListener()})
	peer := startPeer(t, "ping", l.Endpoint(), "1")
	c := mustAccept(t, l)
	go answerInUpperCase(c)
	if got, want := peer.line(), fmt.Sprint(peerSize(0)); got != want {
		t.Errorf("answer %q, want %s", got, want)
	}
}

func TestSecureInteropHeartbeatsOfOurs(t *testing.T) {
	setPeer(t, curveListener(), true)
	endpoint := startPeer(t, "router", "tcp://127.0.0.1:*").line()
	c := mustDial(t, endpoint, Options{
		SocketType: "DEALER",
		Security:   curveDialer(),
		Heartbeat:  Heartbeat{Interval: 20 * time.Millisecond, Timeout: 200 * time.Millisecond},
	})
	received := make(chan Message, 1)
	go func() {
		for {
			m, err := c.Recv()
			if err != nil {
				return
			}
			received <- m
		}
	}()
	begin := time.Now()
	waitUntil(t, func() bool { return c.LastReceived().Sub(begin) > 600*time.Millisecond }) // PONGs, nothing else
	c.Send(nil, msg("", "still here"))
	select {
	case m := <-received:
		if got := frameStrings(m); got[1] != "STILL HERE" {
			t.Errorf("received %q", got)
		}
		m.Release()
	case <-c.Done():
		t.Error("connection lost")
	case <-time.After(patience):
		t.Error("no answer")
	}
}

func TestSecureInteropRefusals(t *testing.T) {
	t.Run("libzmq tells us", func(t *testing.T) {
		setPeer(t, plainListener(), true)
		endpoint := startPeer(t, "router", "tcp://127.0.0.1:*").line()
		wrong := edited(plainDialer(), func(s *Security) { s.Password = "blueberry" })
		c, err := Dial(testContext(t), endpoint, Options{SocketType: "DEALER", Security: wrong})
		if err == nil {
			c.Close()
			t.Fatal("admitted")
		}
		if !strings.Contains(err.Error(), `"400"`) || !strings.Contains(err.Error(), "password") {
			t.Errorf("dialer: %v", err)
		}
	})
	// Refused at first, the same socket of libzmq gets through later.
	t.Run("libzmq comes back to us", func(t *testing.T) {
		setPeer(t, curveDialer(), false)
		refused := 0
		listen := edited(curveListener(), func(s *Security) {
			s.Authorize = func(PublicKey) (string, bool) {
				refused++ // one connection at a time
				return "", refused > 2
			}
		})
		endpoint := serveWith(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: listen, RefusalHold: 50 * time.Millisecond})
		peer := startPeer(t, "req", endpoint, "1")
		if got := peer.line(); got != fmt.Sprint(peerSize(0)) {
			t.Errorf("answer %q after %d refusals", got, refused)
		}
	})
	t.Run("libzmq without security", func(t *testing.T) {
		var log logBuffer
		l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: curveListener(), Log: log.logger(), RefusalHold: -1})
		startPeer(t, "req", l.Endpoint(), "1")
		waitUntil(t, func() bool { return strings.Contains(log.String(), "wants security mechanism NULL") })
		mustEcho(t, mustDial(t, l.Endpoint(), Options{SocketType: "DEALER", Security: curveDialer()}), mustAccept(t, l))
	})
}

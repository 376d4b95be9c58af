package zmtp

// Endpoints, listening, dialing, and the Dialer's life.

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

var router = Options{SocketType: "ROUTER"}

func TestBadEndpointsAreRefusedWithAdvice(t *testing.T) {
	for endpoint, advice := range map[string]string{
		"": "write it like tcp://127.0.0.1:5555", "5555": "write it like tcp://", "tcp:127.0.0.1:5555": "write it like tcp://",
		"127.0.0.1:5555": "write it with its transport, tcp://127.0.0.1:5555",
		"tcp://":         "write it like 127.0.0.1:5555", "tcp://127.0.0.1": "write it like 127.0.0.1:5555", "tcp://::1:5555": "or [::1]:5555",
		"tcp://127.0.0.1:": "a number up to 65535", "tcp://127.0.0.1:http": "a number up to 65535", "tcp://127.0.0.1:65536": "a number up to 65535",
		"tcp://127.0.0.1:-1": "a number up to 65535", "tcp://a b:5555": `"a b" is not a host`, "tcp://:5555": "host",
		"inproc://": "write it like inproc://name", "ipc://": "write it like ipc:///run", "ipc://@": "needs a path", "ipc://*": "needs a path",
		"ipc:///" + repeat("x", 200): "the system allows", "udp://127.0.0.1:5555": "there are tcp and ipc", "http://127.0.0.1:5580": "this takes one for ZeroMQ",
	} {
		_, listenErr := Listen(endpoint, router)
		_, dialErr := Dial(testContext(t), endpoint, router)
		d := Dialer{Endpoint: endpoint, Options: router}
		for what, err := range map[string]error{
			"Listen": listenErr, "Dial": dialErr, "Run": d.Run(testContext(t), nil),
			"CheckEndpoint": CheckEndpoint(endpoint), "CheckListenEndpoint": CheckListenEndpoint(endpoint),
		} {
			if err == nil || !strings.Contains(err.Error(), advice) {
				t.Errorf("%s(%q): %v, want %q", what, endpoint, err, advice)
			}
		}
	}
	for endpoint, want := range map[string]string{
		"tcp://*:5555": "a host must be named", "tcp://127.0.0.1:0": "is not a port", "tcp://127.0.0.1:*": "is not a port",
	} {
		if _, err := Dial(testContext(t), endpoint, router); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Dial(%q): %v", endpoint, err)
		}
		if err := CheckListenEndpoint(endpoint); err != nil {
			t.Errorf("CheckListenEndpoint(%q): %v", endpoint, err)
		}
	}
}

func TestWhichEndpointsAreLocal(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://127.0.0.1:5555": true, "tcp://127.8.7.6:*": true, "tcp://[::1]:0": true, "tcp://[::ffff:127.0.0.1]:0": true, "tcp://localhost:5555": true,
		"ipc:///run/x": true, "inproc://x": true, "tcp://" + loopback(t) + ":5555": true,
		"tcp://*:5555": false, "tcp://0.0.0.0:5555": false, "tcp://[::]:5555": false, "tcp://192.0.2.1:5555": false, "tcp://board.invalid:5555": false, "tcp://": false,
	} {
		if IsLocal(endpoint) != want {
			t.Errorf("%s: local %v", endpoint, !want)
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"no socket type":          {},
		"unsupported socket type": {SocketType: "PUB"},
		"long identity":           {SocketType: "DEALER", Identity: make([]byte, 256)},
	} {
		d := Dialer{Endpoint: "inproc://nowhere", Options: o}
		_, listenErr := Listen("inproc://"+t.Name(), o)
		_, dialErr := Dial(testContext(t), "inproc://nowhere", o)
		for what, err := range map[string]error{"Listen": listenErr, "Dial": dialErr, "Run": d.Run(testContext(t), nil)} {
			if err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s with %s: %v", what, name, err)
			}
		}
	}
}

func TestListenOnEveryKindOfAddress(t *testing.T) {
	for _, endpoint := range []string{"tcp://127.0.0.1:*", "tcp://*:0", "tcp://0.0.0.0:0", "tcp://localhost:0", "tcp://[::1]:0", "tcp://[::]:0"} {
		if strings.Contains(endpoint, "::") && !hasIPv6() {
			continue
		}
		if _, err := net.LookupHost("localhost"); err != nil && strings.Contains(endpoint, "localhost") {
			continue // a container without /etc/hosts
		}
		l := mustListen(t, endpoint, Options{SocketType: "DEALER"})
		if strings.HasSuffix(l.Endpoint(), ":0") {
			t.Errorf("Endpoint of %s is %s", endpoint, l.Endpoint())
		}
		mustServe(t, l)
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

func TestTakenEndpointIsSaidToBeTaken(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, router)
		_, err := Listen(l.Endpoint(), router)
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "already taken") {
			t.Errorf("error %v", err)
		}
		l.Close()
		mustListen(t, l.Endpoint(), router) // free again
	})
}

func TestDialWithoutListenerIsRefused(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, router)
		l.Close()
		if _, err := Dial(testContext(t), l.Endpoint(), router); !nobodyListens(err) {
			t.Errorf("error %v", err)
		}
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = within(t, "Dial", func() (*Conn, error) { return Dial(ctx, "tcp://"+silent.Addr().String(), router) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestDialToSomethingElseSaysWhy(t *testing.T) {
	for name, test := range map[string]struct{ sent, reason string }{
		"other protocol":    {"SSH-2.0-OpenSSH_9.2\r\n", "peer speaks SSH"},
		"closes at once":    {"", "closed the connection during the handshake"},
		"refuses with text": {string(nullGreeting()) + string(appendCommand(nil, cmdError, []byte("\x04busy"))), "busy"},
		"wrong socket type": {string(nullGreeting()) + string(readyFrame("REP")), "REP"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					c.Write([]byte(test.sent))
					c.(*net.TCPConn).CloseWrite()
					c.Read(make([]byte, 1000))
					c.Close()
				}
			}()
			_, err = Dial(testContext(t), "tcp://"+l.Addr().String(), router)
			if err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error %v, want it to name %q", err, test.reason)
			}
		})
	}
}

func TestAnnounceDecidesByPeer(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, Options{Announce: func(p Peer) (string, error) {
			if p.SocketType == "REP" {
				return "DEALER", nil
			}
			return "ROUTER", nil
		}})
		for dialed, announced := range map[string]string{"REP": "DEALER", "DEALER": "ROUTER", "REQ": "ROUTER"} {
			c := mustDial(t, l.Endpoint(), Options{SocketType: dialed})
			if got := c.Peer().SocketType; got != announced {
				t.Errorf("a %s faces a %s, want %s", dialed, got, announced)
			}
			mustEcho(t, c, mustAccept(t, l))
		}
	})
}

func TestCompatibleSocketTypesAreThoseOfTheRFC(t *testing.T) {
	want := map[[2]string]bool{
		{"REQ", "REP"}: true, {"REQ", "ROUTER"}: true, {"DEALER", "REP"}: true, {"DEALER", "DEALER"}: true,
		{"DEALER", "ROUTER"}: true, {"ROUTER", "ROUTER"}: true, {"PUSH", "PULL"}: true,
	}
	all := []string{"REQ", "REP", "DEALER", "ROUTER", "PUSH", "PULL", "PUB", "SUB", "PAIR", ""}
	for _, a := range all {
		for _, b := range all {
			compatible := checkCompatible(a, b) == nil
			if compatible != (want[[2]string{a, b}] || want[[2]string{b, a}]) {
				t.Errorf("%s to %s: %v", a, b, compatible)
			}
		}
	}
}

func TestCloseOfTheListenerLeavesConnectionsAlone(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, Options{SocketType: "DEALER"})
		b := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
		a := mustAccept(t, l)
		waiting := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"}) // not accepted
		l.Close()
		l.Close()
		if _, err := l.Accept(); err != ErrClosed {
			t.Errorf("Accept after Close: %v", err)
		}
		mustEcho(t, a, b)
		if _, err := within(t, "Recv", waiting.Recv); err == nil {
			t.Error("a connection nobody accepted lives on")
		}
	})
}

func TestDialerConnectsAgainAndAgain(t *testing.T) {
	overTransports(t, func(t *testing.T, endpoint string) {
		l := mustListen(t, endpoint, Options{SocketType: "DEALER"})
		endpoint = l.Endpoint()
		l.Close() // the dialer starts before the listener

		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ups := make(chan *Conn, 10)
		downs := make(chan error, 1000)
		d := Dialer{
			Endpoint: endpoint,
			Options:  Options{SocketType: "DEALER", BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond},
			Up:       func(c *Conn) { ups <- c },
			Down: func(err error, retryIn time.Duration) {
				if retryIn <= 0 || retryIn > 20*time.Millisecond {
					t.Errorf("retry in %v", retryIn)
				}
				downs <- err
			},
		}
		ran := make(chan error, 1)
		go func() {
			ran <- d.Run(ctx, func(ctx context.Context, c *Conn) error {
				for {
					m, err := c.Recv()
					if err != nil {
						return err
					}
					c.Send(nil, m)
				}
			})
		}()
		if err := <-downs; !nobodyListens(err) {
			t.Errorf("first attempt: %v", err)
		}
		for range 3 {
			l := mustListen(t, endpoint, Options{SocketType: "DEALER"})
			c := mustAccept(t, l)
			served := <-ups
			c.Send(nil, msg("hello"))
			if got := recvFrames(t, c); got[0] != "hello" {
				t.Errorf("received %q", got)
			}
			l.Close()
			c.Close()
			<-served.Done()
		}
		cancel()
		if err := <-ran; err != context.Canceled {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestDialerBacksOffAndStartsOver(t *testing.T) {
	const least, most = 2 * time.Millisecond, 16 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var l *Listener
	var pauses []time.Duration
	d := Dialer{
		Endpoint: "inproc://" + t.Name(),
		Options:  Options{SocketType: "DEALER", BackoffMin: least, BackoffMax: most},
		Down: func(_ error, retryIn time.Duration) {
			pauses = append(pauses, retryIn)
			switch len(pauses) {
			case 6:
				l = mustListen(t, "inproc://"+t.Name(), Options{SocketType: "DEALER"})
			case 7: // it was up
				l.Close()
				cancel()
			}
		},
	}
	if err := d.Run(ctx, func(context.Context, *Conn) error { return nil }); err != context.Canceled {
		t.Errorf("Run: %v", err)
	}
	for i, full := range []time.Duration{least, 2 * least, 4 * least, most, most, most, least} {
		if pauses[i] < full/2 || pauses[i] > full {
			t.Errorf("pause %d is %v, want %v to %v", i, pauses[i], full/2, full)
		}
	}
}

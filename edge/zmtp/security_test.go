package zmtp

// Mechanisms among ourselves: what gets through, who the peer is, and who is
// turned away with which words.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// serverKey and clientKey are the lasting keys of tests.
var (
	serverKey = sync.OnceValue(GenerateKey)
	clientKey = sync.OnceValue(GenerateKey)
)

func curveListener() Security { return Security{Mechanism: Curve, Key: serverKey()} }

func curveDialer() Security {
	return Security{Mechanism: Curve, Key: clientKey(), ServerKey: serverKey().Public()}
}

func plainListener() Security {
	return Security{Mechanism: Plain, CheckPassword: func(username, password string) bool {
		return username == "pi" && password == "raspberry"
	}}
}

func plainDialer() Security {
	return Security{Mechanism: Plain, Username: "pi", Password: "raspberry"}
}

// securities are pairs that fit.
var securities = map[string]struct{ listener, dialer func() Security }{
	Plain: {plainListener, plainDialer},
	Curve: {curveListener, curveDialer},
}

// overSecurities runs test for each mechanism over each transport.
func overSecurities(t *testing.T, test func(t *testing.T, endpoint string, listen, dial Options)) {
	for mechanism, s := range securities {
		t.Run(mechanism, func(t *testing.T) {
			overTransports(t, func(t *testing.T, endpoint string) {
				test(t, endpoint, Options{Security: s.listener()}, Options{Security: s.dialer()})
			})
		})
	}
}

func TestSecureRoundTrip(t *testing.T) {
	overSecurities(t, func(t *testing.T, endpoint string, listen, dial Options) {
		a, b := pair(t, endpoint, listen, dial)
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

func TestBothSidesLearnWhoTheSecurePeerIs(t *testing.T) {
	users := map[string]struct {
		client, server       string
		clientKey, serverKey PublicKey
	}{
		Plain: {client: "pi"},
		Curve: {clientKey().Public().String(), serverKey().Public().String(), clientKey().Public(), serverKey().Public()},
	}
	overSecurities(t, func(t *testing.T, endpoint string, listen, dial Options) {
		mechanism := listen.Security.Mechanism
		asked := make(chan Peer, 1)
		listen.Announce = func(p Peer) (string, error) {
			asked <- p
			return "ROUTER", nil
		}
		dial.Identity = []byte("client")
		accepted, dialed := pair(t, endpoint, listen, dial)
		want := users[mechanism]
		for side, p := range map[string]Peer{"Announce": <-asked, "listener": accepted.Peer()} {
			if p.Mechanism != mechanism || p.User != want.client || p.Key != want.clientKey || string(p.Identity) != "client" || p.SocketType != "DEALER" {
				t.Errorf("%s sees %+v", side, p)
			}
		}
		if p := dialed.Peer(); p.Mechanism != mechanism || p.User != want.server || p.Key != want.serverKey || p.SocketType != "ROUTER" {
			t.Errorf("dialer sees %+v", p)
		}
	})
}

func TestAuthorizeNamesTheUser(t *testing.T) {
	listen := Options{Security: curveListener()}
	listen.Security.Authorize = func(key PublicKey) (string, bool) { return "kitchen", key == clientKey().Public() }
	a, _ := pair(t, "tcp://127.0.0.1:0", listen, Options{Security: curveDialer()})
	if p := a.Peer(); p.User != "kitchen" || p.Key != clientKey().Public() {
		t.Errorf("listener sees %+v", p)
	}
}

// edited returns s with a change.
func edited(s Security, edit func(*Security)) Security {
	edit(&s)
	return s
}

func nobody(PublicKey) (string, bool) { return "", false }

var refusedPeers = map[string]struct {
	listen, dial Security
	log          string // of the listener
	hint         string // in the dialer's error
	error400     bool   // sent, if the listener is to say so
}{
	"CURVE, wrong server key": {
		curveListener(), edited(curveDialer(), func(s *Security) { s.ServerKey = clientKey().Public() }),
		"another server key", clientKey().Public().String(), true,
	},
	"CURVE, key not allowed": {
		edited(curveListener(), func(s *Security) { s.Authorize = nobody }), curveDialer(),
		"public key " + clientKey().Public().String() + " is not allowed", clientKey().Public().String(), true,
	},
	"PLAIN, wrong password": {
		plainListener(), edited(plainDialer(), func(s *Security) { s.Password = "blueberry" }),
		`wrong user name or password, as user \"pi\"`, "user name and password", true,
	},
	"NULL at CURVE":  {curveListener(), Security{}, "wants security mechanism NULL", "only NULL", false},
	"CURVE at NULL":  {Security{}, curveDialer(), "wants security mechanism CURVE", "only CURVE", false},
	"PLAIN at CURVE": {curveListener(), plainDialer(), "wants security mechanism PLAIN", "only PLAIN", false},
	"CURVE at PLAIN": {plainListener(), curveDialer(), "wants security mechanism CURVE", "only CURVE", false},
	"NULL at PLAIN":  {plainListener(), Security{}, "wants security mechanism NULL", "only NULL", false},
}

func TestRefusedPeerIsHeldClosedLoggedAndCounted(t *testing.T) {
	for name, test := range refusedPeers {
		for _, forever := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, forever=%v", name, forever), func(t *testing.T) {
				t.Parallel()
				const hold = 200 * time.Millisecond
				var log logBuffer
				listen := edited(test.listen, func(s *Security) { s.RefuseForever = forever })
				l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: listen, RefusalHold: hold, Log: log.logger()})
				begin := time.Now()
				c, err := Dial(testContext(t), l.Endpoint(), Options{SocketType: "DEALER", Security: test.dial})
				if err == nil {
					c.Close()
					t.Fatal("admitted")
				}
				told := strings.Contains(err.Error(), `refused us: "400"`)
				if !strings.Contains(err.Error(), test.hint) || told != (forever && test.error400) {
					t.Errorf("dialer: %v", err)
				}
				if held := time.Since(begin) >= hold; !told && test.error400 && !held {
					t.Error("closed at once")
				}
				waitUntil(t, func() bool { return l.Stats().Handshaking == 0 })
				if n := l.Stats().Refused[ReasonSecurity]; n != 1 {
					t.Errorf("%d refusals counted", n)
				}
				if got := log.String(); strings.Count(got, test.log) != 1 {
					t.Errorf("log does not say %q once:\n%s", test.log, got)
				}
			})
		}
	}
}

// Whom the application refuses for now is not told so, either.
func TestPeerThatAnnounceRefusesIsHeld(t *testing.T) {
	const hold = 100 * time.Millisecond
	l := mustListen(t, "tcp://127.0.0.1:0", Options{RefusalHold: hold, Announce: func(Peer) (string, error) {
		return "", errors.New("draining")
	}})
	begin := time.Now()
	c, err := Dial(testContext(t), l.Endpoint(), Options{SocketType: "DEALER"})
	if err == nil {
		c.Close()
		t.Fatal("admitted")
	}
	if took := time.Since(begin); took < hold || strings.Contains(err.Error(), `"400"`) {
		t.Errorf("after %v: %v", took, err)
	}
}

func TestHeldPeersGiveWay(t *testing.T) {
	allowed := clientKey().Public()
	listen := edited(curveListener(), func(s *Security) {
		s.Authorize = func(key PublicKey) (string, bool) { return "", key == allowed }
	})
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Security: listen, MaxHandshakes: 2, RefusalHold: time.Hour})
	stranger := edited(curveDialer(), func(s *Security) { s.Key = GenerateKey() })
	var strangers sync.WaitGroup
	for range 2 {
		strangers.Go(func() {
			if c, err := Dial(testContext(t), l.Endpoint(), Options{SocketType: "DEALER", Security: stranger}); err == nil {
				c.Close()
				t.Error("stranger admitted")
			}
		})
	}
	waitUntil(t, func() bool { return l.Stats().Refused[ReasonSecurity] == 2 })
	dialed := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER", Security: curveDialer()})
	mustEcho(t, mustAccept(t, l), dialed)
	l.Close() // ends the holding of the other
	strangers.Wait()
}

func TestAuthorizeIsAskedAtEveryHandshake(t *testing.T) {
	var mu sync.Mutex
	allowed := false
	listen := edited(curveListener(), func(s *Security) {
		s.Authorize = func(PublicKey) (string, bool) {
			mu.Lock()
			defer mu.Unlock()
			return "", allowed
		}
	})
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", Security: listen, RefusalHold: -1})
	dial := Options{SocketType: "DEALER", Security: curveDialer()}
	if _, err := Dial(testContext(t), l.Endpoint(), dial); err == nil {
		t.Fatal("admitted before it was allowed")
	}
	mu.Lock()
	allowed = true
	mu.Unlock()
	mustEcho(t, mustDial(t, l.Endpoint(), dial), mustAccept(t, l))
}

func TestUnusableSecurityIsRefusedWithAdvice(t *testing.T) {
	for name, test := range map[string]struct {
		security         Security
		listener, dialer string // in the error; empty: none
	}{
		"unknown mechanism":  {Security{Mechanism: "GSSAPI"}, "GSSAPI", "GSSAPI"},
		"mechanism in small": {Security{Mechanism: "curve"}, `"curve"`, `"curve"`},
		"CURVE without keys": {Security{Mechanism: Curve}, "key of our own", "key of our own"},
		"no server key":      {Security{Mechanism: Curve, Key: clientKey()}, "", "public key of the listener"},
		"no password check":  {Security{Mechanism: Plain}, "function that checks passwords", ""},
		"password too long":  {edited(plainListener(), func(s *Security) { s.Password = repeat("x", 256) }), "255 bytes", "255 bytes"},
		"user name too long": {edited(plainListener(), func(s *Security) { s.Username = repeat("x", 256) }), "255 bytes", "255 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{SocketType: "DEALER", Security: test.security}
			for side, check := range map[string]struct {
				err  error
				want string
			}{"listener": {o.check(true), test.listener}, "dialer": {o.check(false), test.dialer}} {
				if (check.err == nil) != (check.want == "") || check.err != nil && !strings.Contains(check.err.Error(), check.want) {
					t.Errorf("%s: %v, want %q", side, check.err, check.want)
				}
			}
		})
	}
}

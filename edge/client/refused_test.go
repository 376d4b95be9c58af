package client

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"trawl/edge/zmtp"
)

// Whom all brokers refuse is told so long before the deadline; one broker that is
// merely away is waited for.
func TestRefusalIsSaidAtOnce(t *testing.T) {
	server, own := zmtp.GenerateKey(), zmtp.GenerateKey()
	l, err := zmtp.Listen("tcp://127.0.0.1:0", zmtp.Options{SocketType: "ROUTER", Security: zmtp.Security{
		Mechanism: zmtp.Curve, Key: server, Authorize: func(zmtp.PublicKey) (string, bool) { return "", false },
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := "tcp://" + free.Addr().String()
	free.Close()
	curve := zmtp.Security{Mechanism: zmtp.Curve, Key: own, ServerKey: server.Public()}
	for name, test := range map[string]struct {
		brokers  []string
		security zmtp.Security
		says     string
		deadline bool // it is waited until then
	}{
		"key":           {[]string{l.Endpoint()}, curve, "may not allow our public key", false},
		"no key":        {[]string{l.Endpoint()}, zmtp.Security{}, "wants security mechanism CURVE", false},
		"no such host":  {[]string{"tcp://nosuchhost.invalid:5555"}, zmtp.Security{}, "nosuchhost.invalid", false},
		"another, away": {[]string{l.Endpoint(), away}, zmtp.Security{}, "connection refused", true},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no such host" {
				var unknown *net.DNSError
				if _, err := net.LookupHost("nosuchhost.invalid"); !errors.As(err, &unknown) || !unknown.IsNotFound {
					t.Skipf("the resolver here does not say that there is no such host: %v", err)
				}
			}
			c, err := New(Options{Brokers: test.brokers, Security: test.security})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			timeout := time.Hour // no clock decides: whoever waits for it hangs
			if test.deadline {
				timeout = 500 * time.Millisecond
			}
			_, err = c.Do(t.Context(), request(timeout, "hi"))
			var none *NoBrokerError
			if !errors.As(err, &none) || len(none.Problems) != len(test.brokers) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want no broker, and %q", err, test.says)
			}
		})
	}
}

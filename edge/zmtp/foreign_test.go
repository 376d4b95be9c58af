package zmtp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// speaking serves connections with say, each in a goroutine of its own, and returns
// an endpoint.
func speaking(t *testing.T, say func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); say(c) }()
		}
	}()
	return "tcp://" + l.Addr().String()
}

func TestDialerNamesAnotherService(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	// waits until the peer has said something, and answers.
	answering := func(answer string) string {
		return speaking(t, func(c net.Conn) {
			_, _ = bufio.NewReader(c).Peek(10)
			_, _ = c.Write([]byte(answer))
			_, _ = bufio.NewReader(c).ReadByte()
		})
	}
	gone := mustListen(t, "tcp://127.0.0.1:0", router)
	gone.Close()
	for name, c := range map[string]struct {
		endpoint, says string
		refusal        bool
	}{
		"HTTP that waits for a line": {"tcp://" + web.Listener.Addr().String(), "peer speaks HTTP, not ZeroMQ", true},
		"HTTP that answers":          {answering("HTTP/1.1 400 Bad Request\r\n\r\n"), "peer speaks HTTP, not ZeroMQ", true},
		"TLS":                        {answering("\x15\x03\x01\x00\x02\x02\x0a"), "peer speaks TLS, not ZeroMQ", true},
		"SSH":                        {answering("SSH-2.0-OpenSSH_9.2\r\n"), "peer speaks SSH, not ZeroMQ", true},
		"mail":                       {answering("220 mail.example ESMTP\r\n"), "peer speaks SMTP or FTP, not ZeroMQ", true},
		"another":                    {answering("welcome"), "something else; 3.0 or later is needed", true},
		"silence":                    {speaking(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), "said nothing: another service may have that port", false},
		"nobody":                     {gone.Endpoint(), "connection refused", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{SocketType: "DEALER", HandshakeTimeout: patience}
			if name == "HTTP that waits for a line" || name == "silence" {
				o.HandshakeTimeout = time.Second
			}
			c2, err := Dial(t.Context(), c.endpoint, o)
			if err == nil {
				c2.Close()
				t.Fatal("connected")
			}
			if !strings.Contains(err.Error(), c.says) || IsRefusal(err) != c.refusal {
				t.Errorf("%v (a refusal: %v), want %q (%v)", err, IsRefusal(err), c.says, c.refusal)
			}
		})
	}
}

func TestListenerNamesAnotherProtocol(t *testing.T) {
	for first, says := range map[string]string{
		"GET / HTTP/1.1\r\nHost: pi1\r\n\r\n": "peer speaks HTTP, not ZeroMQ",
		"\x16\x03\x01\x02\x00\x01":            "peer speaks TLS, not ZeroMQ",
		"SSH-2.0-OpenSSH_9.2\r\n":             "peer speaks SSH, not ZeroMQ",
		"\x01\x00":                            "ZMTP 1.0 or something else",
	} {
		var log logBuffer
		l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Log: log.logger()})
		raw := rawDial(t, l.Endpoint())
		raw.Write([]byte(first))
		mustBeClosed(t, raw)
		l.Close()
		if !strings.Contains(log.String(), says) {
			t.Errorf("%q: the log says %s, want %q", first, log.String(), says)
		}
	}
}

// Waiting does not help who was refused; it does where nobody is, or where a server
// has ended in the middle of a handshake.
func TestRefusalsAreToldFromAbsence(t *testing.T) {
	server, client := GenerateKey(), GenerateKey()
	nobody := func(PublicKey) (string, bool) { return "", false }
	curve := func(theirs PublicKey) Options {
		return Options{SocketType: "DEALER", Security: Security{Mechanism: Curve, Key: client, ServerKey: theirs}}
	}
	locked := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Security: Security{Mechanism: Curve, Key: server, Authorize: nobody}})
	open := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER"})
	ends := speaking(t, func(c net.Conn) { _, _ = bufio.NewReader(c).Peek(greetingSize) })
	for name, c := range map[string]struct {
		endpoint string
		o        Options
		refusal  bool
		says     string
	}{
		"key that is not allowed":     {locked.Endpoint(), curve(server.Public()), true, "may not allow our public key " + client.Public().String()},
		"another server's key":        {locked.Endpoint(), curve(GenerateKey().Public()), true, "its public key may not be"},
		"our own key as the server's": {locked.Endpoint(), curve(client.Public()), true, "which is our own"},
		"no key":                      {locked.Endpoint(), Options{SocketType: "DEALER"}, true, "wants security mechanism CURVE"},
		"a key and none wanted":       {open.Endpoint(), curve(server.Public()), true, "wants security mechanism NULL"},
		"wrong socket type":           {open.Endpoint(), Options{SocketType: "PULL"}, true, "PULL"},
		"server that ends":            {ends, Options{SocketType: "DEALER"}, false, "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Dial(t.Context(), c.endpoint, c.o)
			if err == nil || !strings.Contains(err.Error(), c.says) || IsRefusal(err) != c.refusal {
				t.Errorf("%v (a refusal: %v), want %q (%v)", err, IsRefusal(err), c.says, c.refusal)
			}
		})
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Dial(stopped, locked.Endpoint(), curve(server.Public())); IsRefusal(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("after a cancel: %v", err)
	}
}

func FuzzProtocolOf(f *testing.F) {
	for _, p := range protocols {
		f.Add([]byte(p.begins))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if protocolOf(b) != "" && len(b) > 0 && b[0] == 0xff {
			t.Errorf("%q is ZMTP", b)
		}
	})
}

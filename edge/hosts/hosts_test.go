package hosts

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeAvahi answers each question at a socket with what reply returns, and returns its path.
func fakeAvahi(t *testing.T, reply func(question string) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			question, _ := bufio.NewReader(c).ReadString('\n')
			_, _ = c.Write([]byte(reply(strings.TrimSpace(question))))
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return path
}

func TestAvahi(t *testing.T) {
	path := fakeAvahi(t, func(question string) string {
		switch question {
		case "RESOLVE-HOSTNAME-IPV4 pi1.local":
			return "+ 2 0 pi1.local 192.0.2.7\n"
		case "RESOLVE-HOSTNAME-IPV4 pi2.local":
			return "-15 Timeout\x1b[2J reached\n"
		}
		return ""
	})
	a := avahi{path}
	got, err := a.lookup(t.Context(), "pi1.local")
	if err != nil || !slices.Equal(got, []netip.Addr{netip.MustParseAddr("192.0.2.7")}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := a.lookup(t.Context(), "pi2.local"); err == nil || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), "Timeout") {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := a.lookup(t.Context(), "pi3.local"); err == nil {
		t.Error("no answer is no error")
	}
	if _, err := (avahi{filepath.Join(t.TempDir(), "none")}).lookup(t.Context(), "pi1.local"); !errors.Is(err, errNotThere) {
		t.Errorf("without Avahi: %v", err)
	}
}

// A caller who gives up does not wait for Avahi.
func TestAvahiIsNotWaitedFor(t *testing.T) {
	asked, stop := make(chan struct{}), make(chan struct{})
	path := fakeAvahi(t, func(string) string { close(asked); <-stop; return "" })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := avahi{path}.lookup(ctx, "pi1.local")
	close(stop)
	if err == nil {
		t.Error("no error")
	}
}

func FuzzParseAvahi(f *testing.F) {
	for _, line := range []string{"+ 2 0 pi1.local 192.0.2.7\n", "-15 Timeout reached\n", "+", "", "+ 3 1 pi1.local fe80::1%eth0", "+ 2 0 x 224.0.0.251"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		addresses, err := parseAvahi(line)
		if (err == nil) != (len(addresses) == 1) || err == nil && !addresses[0].IsValid() {
			t.Errorf("%v, %v", addresses, err)
		}
	})
}

// known is a source that knows one name; others it says nothing of, and counts.
func known(name, address string, asked *int) source {
	return source{"fake " + name, func(_ context.Context, host string) ([]netip.Addr, error) {
		*asked++
		if host == name {
			return []netip.Addr{netip.MustParseAddr(address)}, nil
		}
		return nil, errors.New("knows only " + name)
	}}
}

func TestSourcesAreAskedInTurn(t *testing.T) {
	var first, second int
	r := &resolver{sources: []source{known("a.local", "192.0.2.1", &first), known("b.local", "192.0.2.2", &second)}, needed: true}
	for host, want := range map[string]string{"a.local": "192.0.2.1", "B.Local.": "192.0.2.2"} {
		if got, err := r.lookup(t.Context(), host); err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: %v, %v", host, got, err)
		}
	}
	if first != 2 || second != 1 {
		t.Errorf("asked %d and %d times", first, second)
	}
	_, err := r.lookup(t.Context(), "c.local")
	if err == nil || !strings.Contains(err.Error(), "c.local") || !strings.Contains(err.Error(), "fake a.local: knows only a.local; fake b.local") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestFailuresAreRememberedForAWhile(t *testing.T) {
	var asked int
	r := &resolver{sources: []source{known("a.local", "192.0.2.1", &asked)}, needed: true}
	_, first := r.lookup(t.Context(), "c.local")
	_, second := r.lookup(t.Context(), "c.local")
	if asked != 1 || first == nil || first != second {
		t.Errorf("asked %d times: %v, then %v", asked, first, second)
	}
	r.failures["c.local"] = failure{first, time.Now().Add(-failureAge)}
	if _, err := r.lookup(t.Context(), "c.local"); asked != 2 || err == nil {
		t.Errorf("asked %d times later on: %v", asked, err)
	}
	for i := range 1000 {
		_, _ = r.lookup(t.Context(), strings.Repeat("x", i+1)+".local")
	}
	if len(r.failures) > maxFailures {
		t.Errorf("%d failures are remembered", len(r.failures))
	}
}

// A lookup that its caller ends says nothing about the name.
func TestAnEndedLookupIsNotRemembered(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var asked int
	r := &resolver{sources: []source{known("a.local", "192.0.2.1", &asked)}, needed: true}
	if _, err := r.lookup(ctx, "c.local"); !errors.Is(err, context.Canceled) || len(r.failures) != 0 {
		t.Errorf("%v; %d failures", err, len(r.failures))
	}
}

func TestIsLocalName(t *testing.T) {
	for host, want := range map[string]bool{
		"pi1.local": true, "PI1.LOCAL": true, "pi1.local.": true, "a.b.local": true,
		"local": false, ".local": false, "pi1": false, "pi1.local.lan": false, "192.0.2.1": false, "": false,
	} {
		if IsLocalName(host) != want {
			t.Errorf("%q", host)
		}
	}
}

func TestDialTakesTheAddressThatAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r := &resolver{needed: true, sources: []source{{"fake", func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, nil
	}}}}
	c, err := r.dial(t.Context(), &net.Dialer{}, "pi1.local", port)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c, err := Dial(t.Context(), &net.Dialer{}, "127.0.0.1", port); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
}

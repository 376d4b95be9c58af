package notify

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"trawl/test/need"
)

func TestDelayGrowsWithRestarts(t *testing.T) {
	var day time.Duration
	starts := 0
	for n := 0; day < 24*time.Hour; n++ {
		d := delayAfter(n, nil)
		switch {
		case n == 0 && d != 0, n == 1 && d != time.Second, n == 5 && d != 16*time.Second, n > 6 && d != maxDelay, n == 1<<30 && d != maxDelay:
			t.Errorf("after %d restarts: %v", n, d)
		}
		day += d + time.Second
		starts++
	}
	if starts > 1440 {
		t.Errorf("%d starts a day", starts)
	}
	if d := delayAfter(math.MaxInt32, nil); d != maxDelay {
		t.Errorf("after very many: %v", d)
	}
	if d := delayAfter(0, errors.New("no bus")); d != unknownDelay {
		t.Errorf("not known: %v", d)
	}
	if d := delayAfter(9, errNotOurs); d != 0 {
		t.Errorf("no service: %v", d)
	}
}

func TestUnitOfAProcess(t *testing.T) {
	for groups, want := range map[string]string{
		"0::/system.slice/trawl-worker.service\n":                                             "trawl-worker.service",
		"12:cpu:/\n1:name=systemd:/system.slice/trawl-broker.service\n0::/\n":                 "trawl-broker.service",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/trawl-worker-b.service\n": "trawl-worker-b.service (user's)",
		"0::/user.slice/user-1000.slice/session-3.scope\n":                                    "",
		"0::/\n":  "",
		"":        "",
		"garbage": "",
	} {
		unit, users := unitOf(groups)
		if users {
			unit += " (user's)"
		}
		if unit != want {
			t.Errorf("%q: %q, want %q", groups, unit, want)
		}
	}
}

func TestRestartsOfAService(t *testing.T) {
	if n, err := parseRestarts("NRestarts=7\nMainPID=42\n", 42); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseRestarts("NRestarts=7\nMainPID=42\n", 43); !errors.Is(err, errNotOurs) {
		t.Errorf("of another process: %v", err)
	}
	if _, err := parseRestarts("MainPID=42\n", 42); err == nil || errors.Is(err, errNotOurs) {
		t.Errorf("without a number: %v", err)
	}
}

// What is told, and whether it is waited: not by a process that is no service of
// systemd, nor at the first failure. The tests may run in a service themselves.
func TestFailedTellsWhy(t *testing.T) {
	address := need.SocketPath(t)
	m := manager(t, address)
	l := New([]string{"NOTIFY_SOCKET=" + address}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a wait ends at once, and says so
	for _, c := range []struct {
		n     int
		err   error
		tells string
		waits bool
	}{
		{0, errNotOurs, "STATUS=cannot read the key EXTEND_TIMEOUT_USEC=3000000", false},
		{0, nil, "STATUS=cannot read the key EXTEND_TIMEOUT_USEC=3000000", false},
		{3, nil, "STATUS=cannot read the key (restart 3; the next one in 4s) EXTEND_TIMEOUT_USEC=7000000", true},
		{0, errors.New("no answer"), "STATUS=cannot read the key (restart 0; the next one in 10s) EXTEND_TIMEOUT_USEC=13000000", true},
	} {
		l.restarts = func(context.Context) (int, error) { return c.n, c.err }
		if waited := l.Failed(ctx, errors.New("cannot read\nthe key")); waited == c.waits {
			t.Errorf("%d, %v: waited to the end: %v", c.n, c.err, waited)
		}
		want(t, m, c.tells)
	}
	if !New(nil, slog.New(slog.DiscardHandler)).Failed(ctx, errors.New("x")) {
		t.Error("without a manager it was waited for something")
	}
}

package zmtp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A peer that comes again and again is logged once a minute, with how often it came.
func TestPeerThatComesAgainIsLoggedOnceAMinute(t *testing.T) {
	var log logBuffer
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", Log: log.logger(), RefusalHold: -1})
	for range 5 {
		raw := rawDial(t, l.Endpoint())
		raw.Write(greeting{version: ours, mechanism: "OTHER"}.encode())
		mustBeClosed(t, raw)
	}
	l.Close()
	if got := log.String(); strings.Count(got, "peer refused") != 1 || !strings.Contains(got, "level=WARN") {
		t.Errorf("log:\n%s", got)
	}
	if stats := l.Stats(); stats.Refused[ReasonSecurity] != 5 {
		t.Errorf("counted %+v", stats)
	}
}

func TestRepeats(t *testing.T) {
	var r repeats
	now := time.Unix(1e9, 0)
	pass := func(peer, reason string, want int) {
		t.Helper()
		times, ok := r.pass(peer, errors.New(reason), now)
		if times != want || ok != (want > 0) {
			t.Errorf("%s, %s: %d times, %v; want %d", peer, reason, times, ok, want)
		}
	}
	pass("10.0.0.7:1", "key", 1)
	pass("10.0.0.7:2", "key", 0)
	pass("10.0.0.7:3", "key", 0)
	pass("10.0.0.7:4", "other reason", 1)
	pass("10.0.0.8:1", "key", 1)
	pass("ipc:///run/x", "key", 1)
	pass("ipc:///run/x", "key", 0)
	now = now.Add(repeatTime)
	pass("10.0.0.7:5", "key", 3)
	pass("10.0.0.7:6", "key", 0)
	for i := range 3 * maxRepeats {
		pass(fmt.Sprint("host", i), "key", 1)
		if n := len(r.seen); n > maxRepeats {
			t.Fatalf("%d are remembered, at most %d are allowed", n, maxRepeats)
		}
	}
}

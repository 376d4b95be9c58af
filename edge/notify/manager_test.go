package notify

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"trawl/test/need"
)

// manager listens like a service manager.
func manager(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// heard returns the datagrams that have been sent so far. Sending has put them
// into the socket, so nothing is to be waited for.
func heard(t *testing.T, c *net.UnixConn) []string {
	t.Helper()
	var out []string
	for b := make([]byte, 4096); ; {
		// A deadline that has passed would make even the first read fail.
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := c.Read(b)
		if err != nil {
			return out
		}
		out = append(out, strings.ReplaceAll(string(b[:n]), "\n", " "))
	}
}

func want(t *testing.T, c *net.UnixConn, lines ...string) {
	t.Helper()
	if got := heard(t, c); strings.Join(got, " | ") != strings.Join(lines, " | ") {
		t.Errorf("heard %q, want %q", got, lines)
	}
}

func TestLifeOfAService(t *testing.T) {
	addresses := []string{need.SocketPath(t)}
	if runtime.GOOS == "linux" {
		addresses = append(addresses, fmt.Sprintf("@trawl-notify-%d", os.Getpid())) // abstract
	}
	for _, address := range addresses {
		m := manager(t, address)
		l := New([]string{"NOTIFY_SOCKET=" + address, "WATCHDOG_USEC=30000000", fmt.Sprintf("WATCHDOG_PID=%d", os.Getpid())}, slog.New(slog.DiscardHandler))
		now := time.Unix(1e9, 0)
		l.now = func() time.Time { return now }

		l.Starting("compiling rules")
		want(t, m, "STATUS=compiling rules")
		l.Alive("no broker yet")
		want(t, m, "READY=1 STATUS=no broker yet WATCHDOG=1")
		now = now.Add(time.Second)
		l.Alive("no broker yet")
		want(t, m) // neither changed nor due
		now = now.Add(time.Second)
		l.Alive("1 broker\nREADY=0")
		want(t, m, "STATUS=1 broker READY=0")
		now = now.Add(9 * time.Second)
		l.Alive("1 broker READY=0")
		want(t, m, "WATCHDOG=1")
		l.Reload(func() { l.Alive("reloading") })
		got := heard(t, m)
		if len(got) != 3 || !strings.HasPrefix(got[0], "RELOADING=1 MONOTONIC_USEC=") || got[1] != "STATUS=reloading" || got[2] != "READY=1" {
			t.Errorf("while reloading: %q", got)
		}
		if us := monotonicMicroseconds(); runtime.GOOS == "linux" && us < 1e6 {
			t.Errorf("the monotonic clock says %d µs", us)
		}
		l.Stop(10 * time.Second)
		l.Stop(10 * time.Second)
		l.Reload(func() {})
		want(t, m, "STOPPING=1 EXTEND_TIMEOUT_USEC=15000000")
		now = now.Add(time.Minute)
		l.Alive("draining")
		want(t, m, "STATUS=draining WATCHDOG=1") // it still lives
	}
}

func TestWatchdogOfAnotherProcess(t *testing.T) {
	for env, want := range map[string]time.Duration{
		"":                                      0,
		"WATCHDOG_USEC=5000000":                 5 * time.Second,
		"WATCHDOG_USEC=5000000 WATCHDOG_PID=7":  5 * time.Second,
		"WATCHDOG_USEC=5000000 WATCHDOG_PID=8":  0,
		"WATCHDOG_USEC=-1":                      0,
		"WATCHDOG_USEC=many":                    0,
		"WATCHDOG_USEC=99999999999999999999999": 0,
	} {
		if got := watchdogTime(strings.Fields(env), 7); got != want {
			t.Errorf("%s: %v, want %v", env, got, want)
		}
	}
}

func TestNobodyToTell(t *testing.T) {
	for env, says := range map[string]string{
		"":                               "",
		"NOTIFY_SOCKET=":                 "",
		"NOTIFY_SOCKET=/nowhere/at/all":  "no such file",
		"NOTIFY_SOCKET=vsock:2:1234":     "neither a path nor an abstract socket",
		"NOTIFY_SOCKET=relative/path/is": "neither a path nor an abstract socket",
	} {
		var log bytes.Buffer
		l := New([]string{env}, slog.New(slog.NewTextHandler(&log, nil)))
		for i := range 3 {
			l.Alive(fmt.Sprint("status ", i))
		}
		l.Stop(time.Second)
		lines := strings.Count(log.String(), "\n")
		if (says == "") != (lines == 0) || lines > 1 || !strings.Contains(log.String(), says) {
			t.Errorf("%s: logged %q, want %q once", env, log.String(), says)
		}
	}
}

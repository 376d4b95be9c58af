package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"time"
)

// A service whose start fails is started again a second later, for ever: somebody may
// mend its configuration at any time. RestartSteps= of systemd 254 would make that
// slower, but counts every restart since the last one by hand, also of a service that
// has run for a year in between. So the process itself waits before it ends, longer
// each time, and keeps nothing: systemd knows how often it was restarted.

const (
	// maxDelay is the longest wait. With one failed start a minute systemd writes
	// some 10,000 lines a day, where it would be 400,000 with one a second.
	maxDelay = time.Minute
	// unknownDelay is waited if systemd does not tell how often it has restarted us.
	unknownDelay = 10 * time.Second
	// askTime bounds how long systemd may take to answer.
	askTime = 3 * time.Second
)

// Failed tells the service manager why the service could not start, and waits before
// the process may end: not at all the first time, so that whoever starts it by hand
// hears of it at once, then a second and twice as long each time up to a minute. It
// returns early with false when ctx ends. Started by anything but systemd it does not
// wait.
func (l *Life) Failed(ctx context.Context, err error) (waited bool) {
	if l.socket == "" {
		return true
	}
	n, ask := l.restarts(ctx)
	delay := delayAfter(n, ask)
	l.mu.Lock()
	status := oneLine(err.Error())
	if delay > 0 {
		status += fmt.Sprintf(" (restart %d; the next one in %v)", n, delay)
	}
	l.tell("STATUS="+status, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (delay+askTime).Microseconds()))
	l.mu.Unlock()
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errNotOurs says that the process is not the main one of a service.
var errNotOurs = errors.New("not the main process of a service")

// delayAfter is how long a start that failed waits, after n restarts.
func delayAfter(n int, err error) time.Duration {
	switch {
	case errors.Is(err, errNotOurs):
		return 0
	case err != nil:
		return unknownDelay
	case n <= 0:
		return 0
	case n > 6: // 2^6 s are more than maxDelay
		return maxDelay
	}
	return min(time.Second<<(n-1), maxDelay)
}

// restarts asks systemd how often it has started this service again by itself since
// somebody has started it.
func restarts(ctx context.Context) (int, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, errNotOurs
	}
	unit, users := unitOf(string(groups))
	if unit == "" {
		return 0, errNotOurs
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	args := []string{"show", "--property=NRestarts,MainPID", unit}
	if users {
		args = append([]string{"--user"}, args...)
	}
	out, err := exec.CommandContext(ctx, "systemctl", args...).Output()
	if err != nil {
		return 0, err
	}
	return parseRestarts(string(out), os.Getpid())
}

// unitOf finds the service in the content of /proc/self/cgroup, and whether it is one
// of a user's own manager; empty: the process is in none.
func unitOf(groups string) (unit string, users bool) {
	for line := range strings.Lines(groups) {
		// 0::/system.slice/trawl-worker.service, with cgroups v1 1:name=systemd:/…
		number, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, at, _ := strings.Cut(rest, ":")
		if (number == "0" && controllers == "" || controllers == "name=systemd") && strings.HasSuffix(at, ".service") {
			return path.Base(at), strings.Contains(at, "/user@")
		}
	}
	return "", false
}

// parseRestarts reads what systemctl show has printed, of the service whose main
// process should be pid.
func parseRestarts(show string, pid int) (int, error) {
	is := make(map[string]string)
	for line := range strings.Lines(show) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[name] = value
	}
	if is["MainPID"] != strconv.Itoa(pid) {
		return 0, errNotOurs
	}
	return strconv.Atoi(is["NRestarts"])
}

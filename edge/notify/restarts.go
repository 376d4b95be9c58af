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

// Failed starts. systemd restarts a service whose start fails after a second, again and again,
// because the configuration may be corrected at any time. RestartSteps= of systemd 254 would slow
// the restarts down, but counts all restarts since the last manual start, also those of a service
// that ran for a year in between. Instead, the process itself waits before it ends, longer each
// time, and stores nothing: systemd knows the number of restarts.

const (
	// maxDelay is the longest wait. With one failed start a minute systemd logs some 10,000 lines a
	// day; with one a second it would be 400,000.
	maxDelay = time.Minute
	// unknownDelay is the wait if systemd does not tell the number of restarts.
	unknownDelay = 10 * time.Second
	// askTime bounds the wait for systemd's answer.
	askTime = 3 * time.Second
)

// Failed reports why the service could not start, and waits before the process may end. The first
// time it does not wait, so that a start by hand shows the error at once; then it waits a second,
// and twice as long each time, up to a minute. Failed returns false early when ctx ends. Without
// systemd it does not wait.
func (m *Manager) Failed(ctx context.Context, err error) (waited bool) {
	if m.socket == "" {
		return true
	}
	n, ask := m.restarts(ctx)
	delay := delayAfter(n, ask)
	m.mu.Lock()
	status := oneLine(err.Error())
	if delay > 0 {
		status += fmt.Sprintf(" (restart %d; the next one in %v)", n, delay)
	}
	m.tell("STATUS="+status, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (delay+askTime).Microseconds()))
	m.mu.Unlock()
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

// errNotOurs means that this process is not the main process of a service.
var errNotOurs = errors.New("not the main process of a service")

// delayAfter returns how long a failed start waits after n restarts.
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

// restarts asks systemd how often it has restarted this service since the last manual start.
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

// unitOf finds the unit in the content of /proc/self/cgroup; users reports a unit of a user's own
// manager. The unit is empty if the process belongs to none.
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

// parseRestarts reads the output of systemctl show for a service whose main process should be pid.
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

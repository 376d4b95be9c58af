package notify

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"trawl/edge/escape"
)

// Manager tells the service manager how this process is. Its methods are safe for
// concurrent use. That something could not be told is logged once and no error:
// the service itself is well.
type Manager struct {
	socket   socket
	watchdog time.Duration // 0: nobody waits for signs of manager
	log      *slog.Logger
	now      func() time.Time // time.Now but in tests
	// restarts is how often systemd has started this service again; the function of
	// that name but in tests.
	restarts func(context.Context) (int, error)

	mu       sync.Mutex
	ready    bool
	stopping bool
	status   string    // the last one told
	fed      time.Time // when the watchdog was
	warned   bool
}

// New reads from the environment whom to tell.
func New(env []string, log *slog.Logger) *Manager {
	return &Manager{
		socket: socket(variable(env, "NOTIFY_SOCKET")), watchdog: watchdogTime(env, os.Getpid()),
		log: log, now: time.Now, restarts: restarts,
	}
}

// Alive is called, about once a second, by the loop that must not hang, with one
// sentence on how things are. The first call says that the service is ready. The
// status is sent when it has changed, the sign of manager as often as it has to be.
func (m *Manager) Alive(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	if !m.ready {
		m.ready = true
		lines = append(lines, "READY=1")
	}
	if status = oneLine(status); status != m.status {
		m.status = status
		lines = append(lines, "STATUS="+status)
	}
	// Three times in the span: one may come late.
	if now := m.now(); m.watchdog > 0 && now.Sub(m.fed) >= m.watchdog/3 {
		m.fed = now
		lines = append(lines, "WATCHDOG=1")
	}
	if len(lines) > 0 {
		m.tell(lines...)
	}
}

// Starting tells what a service that is not ready yet is at.
func (m *Manager) Starting(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if status = oneLine(status); !m.ready && status != m.status {
		m.status = status
		m.tell("STATUS=" + status)
	}
}

// Reload runs do and tells that the service reads its settings again meanwhile.
// The time is needed by systemd's Type=notify-reload.
func (m *Manager) Reload(do func()) {
	m.mu.Lock()
	if m.ready && !m.stopping {
		m.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonicMicroseconds()))
	}
	m.mu.Unlock()
	do()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready && !m.stopping {
		m.tell("READY=1")
	}
}

// Stop tells that the service is ending, and that this can take as long as
// within.
func (m *Manager) Stop(within time.Duration) {
	const spare = 5 * time.Second // for the last answers to leave
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping {
		return
	}
	m.stopping = true
	m.tell("STOPPING=1", fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (within+spare).Microseconds()))
}

func (m *Manager) tell(lines ...string) {
	if err := m.socket.send(lines...); err != nil && !m.warned {
		m.warned = true
		m.log.Warn("cannot tell the service manager how the service is", "error", err)
	}
}

// oneLine keeps a status from ending its line: the next would be an
// assignment of its own.
func oneLine(s string) string { return escape.Line(strings.Join(strings.Fields(s), " ")) }

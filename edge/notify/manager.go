package notify

// The state of the service, as the service manager is told.

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

// Manager tells the service manager the state of this process. The methods may be called
// concurrently. A failure to send is logged once and returned to nobody: the service still works.
type Manager struct {
	socket   socket
	watchdog time.Duration // 0: systemd does not watch this process
	log      *slog.Logger
	now      func() time.Time // time.Now but in tests
	// restarts returns how often systemd has restarted this service; replaced in tests.
	restarts func(context.Context) (int, error)

	mu       sync.Mutex
	ready    bool
	stopping bool
	status   string    // the last status sent
	fed      time.Time // when the watchdog message was sent last
	warned   bool
}

// New finds the service manager in the environment.
func New(env []string, log *slog.Logger) *Manager {
	return &Manager{
		socket: socket(variable(env, "NOTIFY_SOCKET")), watchdog: watchdogTime(env, os.Getpid()),
		log: log, now: time.Now, restarts: restarts,
	}
}

// Alive reports that the process works, with one sentence on its state. The loop that must not hang
// calls Alive about once a second. The first call reports the service as ready. A status is sent
// when it changes, the watchdog message as often as systemd asks for.
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
	// Three times per watchdog interval: one message may be late.
	if now := m.now(); m.watchdog > 0 && now.Sub(m.fed) >= m.watchdog/3 {
		m.fed = now
		lines = append(lines, "WATCHDOG=1")
	}
	if len(lines) > 0 {
		m.tell(lines...)
	}
}

// Starting sets the status of a service that is not ready yet.
func (m *Manager) Starting(status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if status = oneLine(status); !m.ready && status != m.status {
		m.status = status
		m.tell("STATUS=" + status)
	}
}

// Reload calls do, and reports before and after that the service reads its settings. The message
// carries the time, as Type=notify-reload of systemd requires.
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

// Stop reports that the service is ending, which may take as long as within.
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

// oneLine keeps a status from ending its line, since the next line would be another assignment.
func oneLine(s string) string { return escape.Line(strings.Join(strings.Fields(s), " ")) }

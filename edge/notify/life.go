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

// Life tells the service manager how this process is. Its methods are safe for
// concurrent use. That something could not be told is logged once and no error:
// the service itself is well.
type Life struct {
	socket   socket
	watchdog time.Duration // 0: nobody waits for signs of life
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
func New(env []string, log *slog.Logger) *Life {
	return &Life{
		socket: socket(variable(env, "NOTIFY_SOCKET")), watchdog: watchdogTime(env, os.Getpid()),
		log: log, now: time.Now, restarts: restarts,
	}
}

// Beat is called, about once a second, by the loop that must not hang, with one
// sentence on how things are. The first call says that the service is ready. The
// status is sent when it has changed, the sign of life as often as it has to be.
func (l *Life) Beat(status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	if !l.ready {
		l.ready = true
		lines = append(lines, "READY=1")
	}
	if status = oneLine(status); status != l.status {
		l.status = status
		lines = append(lines, "STATUS="+status)
	}
	// Three times in the span: one may come late.
	if now := l.now(); l.watchdog > 0 && now.Sub(l.fed) >= l.watchdog/3 {
		l.fed = now
		lines = append(lines, "WATCHDOG=1")
	}
	if len(lines) > 0 {
		l.tell(lines...)
	}
}

// Starting tells what a service that is not ready yet is at.
func (l *Life) Starting(status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if status = oneLine(status); !l.ready && status != l.status {
		l.status = status
		l.tell("STATUS=" + status)
	}
}

// Reload runs do and tells that the service reads its settings again meanwhile.
// The time is needed by systemd's Type=notify-reload.
func (l *Life) Reload(do func()) {
	l.mu.Lock()
	if l.ready && !l.stopping {
		l.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonicMicroseconds()))
	}
	l.mu.Unlock()
	do()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ready && !l.stopping {
		l.tell("READY=1")
	}
}

// Stop tells that the service is ending, and that this can take as long as
// within.
func (l *Life) Stop(within time.Duration) {
	const spare = 5 * time.Second // for the last answers to leave
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping {
		return
	}
	l.stopping = true
	l.tell("STOPPING=1", fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (within+spare).Microseconds()))
}

func (l *Life) tell(lines ...string) {
	if err := l.socket.send(lines...); err != nil && !l.warned {
		l.warned = true
		l.log.Warn("cannot tell the service manager how the service is", "error", err)
	}
}

// oneLine keeps a status from ending its line: the next would be an
// assignment of its own.
func oneLine(s string) string { return escape.Line(strings.Join(strings.Fields(s), " ")) }

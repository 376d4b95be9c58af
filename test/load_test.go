// A client in this process that keeps many requests under way and counts.

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// load is a DEALER with a number of requests in flight, each with an id of its
// own. It checks every answer.
type load struct {
	conn *zmtp.Conn
	done chan struct{} // closed when the last answer was read

	mu       sync.Mutex
	change   sync.Cond
	inFlight int // at most
	stopping bool
	sent     int
	waiting  map[string]time.Time // id to when it was sent
	took     []time.Duration
	unlucky  int      // two workers went away while they worked on it: that is its answer
	wrong    []string // what must not happen
}

// startLoad starts to ask f's broker about texts that contain historyText.
func startLoad(t *testing.T, f *fleet, inFlight int) *load {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := zmtp.Dial(ctx, f.clients, zmtp.Options{SocketType: "DEALER"})
	if err != nil {
		t.Fatal(err)
	}
	l := &load{conn: conn, inFlight: inFlight, waiting: make(map[string]time.Time), done: make(chan struct{})}
	l.change.L = &l.mu
	for range inFlight {
		l.ask()
	}
	go l.read()
	t.Cleanup(func() { _ = conn.Close(); <-l.done })
	return l
}

// padding makes a request a millisecond's work or so.
var padding = strings.Repeat("nothing to find in this line\n", 1000)

func (l *load) ask() {
	l.mu.Lock()
	id := fmt.Sprint(l.sent)
	l.sent++
	l.waiting[id] = time.Now()
	l.mu.Unlock()
	header := fmt.Sprintf(`{"id":%q,"deadline_ms":60000}`, id)
	if err := l.conn.Send(nil, zmtp.NewMessage([]byte(header), []byte(historyText), []byte(padding))); err != nil {
		l.complain("request %s: %v", id, err)
	}
}

func (l *load) read() {
	defer close(l.done)
	for {
		m, err := l.conn.Recv()
		if err != nil {
			return
		}
		more := l.take(m)
		m.Release()
		if more {
			l.ask()
		} else if l.idle() {
			return
		}
	}
}

// take judges one answer; it reports whether another request may go out.
func (l *load) take(m zmtp.Message) bool {
	h, err := wire.ParseAnswerHeader(m.Frame(0))
	var result struct{ Matches []json.RawMessage }
	if err == nil && h.Error == nil {
		err = json.Unmarshal(m.Frame(1), &result)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	sent, asked := l.waiting[h.ID]
	switch {
	case err != nil:
		l.note("unreadable answer: %v", err)
	case !asked:
		l.note("request %s was answered twice, or never asked", h.ID)
	case h.Error != nil && h.Error.Code == wire.WorkerLost && strings.Contains(h.Error.Message, "not given to a third"):
		l.unlucky++
	case h.Error != nil:
		l.note("request %s was answered %v", h.ID, h.Error)
	case m.NumFrames() != 3 || len(result.Matches) != 3:
		l.note("request %s has a wrong answer: %.100s", h.ID, m.Frame(1))
	default:
		l.took = append(l.took, time.Since(sent))
	}
	delete(l.waiting, h.ID)
	return !l.stopping
}

// note is complain with the lock held.
func (l *load) note(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

func (l *load) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(format, args...)
}

func (l *load) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopping && len(l.waiting) == 0
}

// waitAnswered waits until everything that was under way when it was called has
// been answered.
func (l *load) waitAnswered(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	var open []string
	for id := range l.waiting {
		open = append(open, id)
	}
	l.mu.Unlock()
	eventually(t, "all that was under way is answered", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !slices.ContainsFunc(open, func(id string) bool { _, waits := l.waiting[id]; return waits })
	})
}

// finish asks no more, waits for the answers that are due, and reports.
func (l *load) finish(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(2 * patience):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.note("%d requests were never answered", len(l.waiting))
	}
	for i, w := range l.wrong {
		if i == 10 {
			t.Errorf("and %d more", len(l.wrong)-i)
			break
		}
		t.Error(w)
	}
	slices.Sort(l.took)
	if n := len(l.took); n > 0 {
		t.Logf("%d requests, %d in flight: lost %d, worked on by two that were killed %d; took p50 %v, p99 %v, at most %v", l.sent, l.inFlight, len(l.waiting), l.unlucky,
			l.took[n/2].Round(time.Microsecond), l.took[n*99/100].Round(time.Microsecond), l.took[n-1].Round(time.Millisecond))
	}
}

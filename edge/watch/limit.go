package watch

// Rate limits: the first event of a kind is told at once, further events of the interval
// together at the interval's end, by a summary.

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// RateLimit says how often a sink is told of events of a kind. The zero value is no limit.
type RateLimit struct {
	// Interval begins with an event that is told. 0: no limit.
	Interval time.Duration
	// GroupBy are the fields that events of a kind have in common; empty: all events
	// are of a single kind.
	GroupBy []string
	// Burst is how many events of a kind are told in an interval; 0 is 1.
	Burst int
}

const (
	// maxKinds bounds how many kinds are told apart; events of further kinds share a limit.
	maxKinds = 10_000
	// maxHeld bounds the events kept for summaries to come, in bytes. Beyond the bound
	// a summary has no text, line, groups and labels.
	maxHeld = 1 << 20
)

// kind is a hash of the fields in GroupBy; the zero value is the shared kind.
type kind [16]byte

// window is an interval of a kind.
type window struct {
	kind       kind
	start      time.Duration // of the boot clock
	told       int           // of Burst
	count      uint64        // matches since start
	suppressed uint64        // matches since start that were not told
	held       *Event        // the last suppressed event, for the summary
}

// limiter applies a rate limit. The owner's lock guards a limiter.
type limiter struct {
	limit   RateLimit
	windows map[kind]*list.Element // of ends, values are *window
	ends    *list.List             // by start, and so by end
	held    int64                  // bytes of the held events of all windows
	dirty   bool                   // changed since the last snapshot
}

func newLimiter(l RateLimit) *limiter {
	l.Burst = max(1, l.Burst)
	return &limiter{limit: l, windows: make(map[kind]*list.Element), ends: list.New()}
}

func (l *limiter) kindOf(e *Event) (k kind) {
	h := sha256.New()
	var length [8]byte
	for _, name := range l.limit.GroupBy {
		value, _ := e.Field(name)
		binary.LittleEndian.PutUint64(length[:], uint64(len(value)))
		h.Write(length[:])
		h.Write(value)
	}
	var sum [sha256.Size]byte
	copy(k[:], h.Sum(sum[:0]))
	return k
}

// admit reports whether e is to be told now. If not, a summary will tell about e.
// Call due first, which ends windows.
func (l *limiter) admit(e *Event, now time.Duration) bool {
	k := l.kindOf(e)
	el := l.windows[k]
	if el == nil && len(l.windows) >= maxKinds {
		k = kind{}
		el = l.windows[k]
	}
	l.dirty = true
	if el == nil {
		l.open(&window{kind: k, start: now, told: 1, count: 1})
		return true
	}
	w := el.Value.(*window)
	w.count++
	if w.told < l.limit.Burst {
		w.told++
		return true
	}
	w.suppressed++
	l.hold(w, e)
	return false
}

func (l *limiter) open(w *window) { l.windows[w.kind] = l.ends.PushBack(w) }

// hold keeps e for the summary of w, in place of the event before.
func (l *limiter) hold(w *window, e *Event) {
	l.release(w)
	if size := e.size(); l.held+size <= maxHeld {
		w.held, l.held = e, l.held+size
		return
	}
	short := *e
	short.Text, short.Line, short.Groups, short.Labels, short.Cut = nil, nil, nil, nil, true
	w.held = &short
	l.held += short.size()
}

func (l *limiter) release(w *window) {
	if w.held != nil {
		l.held -= w.held.size()
		w.held = nil
	}
}

// due ends the windows whose time is over and returns the summaries. Next is the time
// at which another window ends; 0: there is none.
func (l *limiter) due(now time.Duration) (summaries []*Event, next time.Duration) {
	for el := l.ends.Front(); el != nil; el = l.ends.Front() {
		w := el.Value.(*window)
		end := w.start + l.limit.Interval
		if end > now {
			return summaries, end
		}
		l.dirty = true
		l.ends.Remove(el)
		delete(l.windows, w.kind)
		if e := l.summary(w); e != nil {
			summaries = append(summaries, e)
			// The summary is told now, so an interval begins.
			l.open(&window{kind: w.kind, start: now, told: 1})
		}
	}
	return summaries, 0
}

// flush returns all summaries at once and forgets all windows.
func (l *limiter) flush() (summaries []*Event) {
	for el := l.ends.Front(); el != nil; el = el.Next() {
		if e := l.summary(el.Value.(*window)); e != nil {
			summaries = append(summaries, e)
		}
	}
	l.ends.Init()
	clear(l.windows)
	l.dirty = true
	return summaries
}

// summary makes the summary of w; nil: w has suppressed nothing.
func (l *limiter) summary(w *window) *Event {
	if w.suppressed == 0 {
		return nil
	}
	e := *w.held
	e.Count, e.Suppressed = w.count, w.suppressed
	l.release(w)
	return &e
}

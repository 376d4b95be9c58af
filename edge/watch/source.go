package watch

// Helpers of all sources.

import (
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// newRun names this run, for the ids of events from sources without lasting places.
func newRun() string { return rand.Text() }

// maxLabel bounds the label of a record, in bytes.
const maxLabel = 255

// setLabel adds a label with a value of strangers, unless the value is empty.
func setLabel(labels map[string]string, name, value string) {
	if value == "" {
		return
	}
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\ufffd")
	}
	kept, _ := cut([]byte(value), maxLabel)
	labels[name] = string(kept)
}

// health is the state of a source for Status. The methods may be called by several
// goroutines.
type health struct {
	lost    atomic.Uint64
	mu      sync.Mutex
	problem string
}

// set notes a problem, empty for none, and reports whether the problem has changed.
func (h *health) set(problem string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := h.problem != problem
	h.problem = problem
	return changed
}

// Status has an unknown Behind.
func (h *health) Status() SourceStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return SourceStatus{Lost: h.lost.Load(), Behind: -1, Problem: h.problem}
}

package watch

// What sources have in common.

import (
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// newRun names this run in the ids of events whose source gives no lasting places.
func newRun() string { return rand.Text() }

// maxLabel bounds a label that a record brings along, in bytes.
const maxLabel = 255

// setLabel adds a label that a stranger has written, if there is one.
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

// health is what a source notes about itself. Its methods may be called by several
// goroutines.
type health struct {
	lost    atomic.Uint64
	mu      sync.Mutex
	problem string
}

// set notes what stands in the way, empty for nothing, and reports whether that is new.
func (h *health) set(problem string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := h.problem != problem
	h.problem = problem
	return changed
}

// Status of a source that does not know how far behind it is.
func (h *health) Status() SourceStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return SourceStatus{Lost: h.lost.Load(), Behind: -1, Problem: h.problem}
}

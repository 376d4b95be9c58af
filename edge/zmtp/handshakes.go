package zmtp

// The cap on handshakes at once. Silent connections must not keep real peers
// out: when all slots are taken, the oldest handshake gives way.

import (
	"container/list"
	"sync"
	"time"
)

// handshakeGrace is how long a handshake cannot be made to give way. On a LAN
// one takes a few milliseconds.
const handshakeGrace = 250 * time.Millisecond

// handshakes keeps account of a listener's handshakes.
type handshakes struct {
	max   int
	ended chan struct{} // signals that a slot may be free

	mu      sync.Mutex
	taken   int        // slots
	running *list.List // of *handshakeSlot that can give way, oldest first
	closed  bool
}

type handshakeSlot struct {
	s       stream
	started time.Time
	evicted chan struct{} // closed when it was made to give way
	entry   *list.Element // nil when it cannot give way any more
}

func newHandshakes(most int) *handshakes {
	return &handshakes{max: most, ended: make(chan struct{}, 1), running: list.New()}
}

// begin takes a slot for s.
func (h *handshakes) begin(s stream) *handshakeSlot {
	slot := &handshakeSlot{s: s, started: time.Now(), evicted: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken++
	slot.entry = h.running.PushBack(slot)
	if h.closed {
		s.Close()
	}
	return slot
}

// settle says that the handshake is done: it will not give way.
func (h *handshakes) settle(slot *handshakeSlot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(slot)
}

// end frees the slot.
func (h *handshakes) end(slot *handshakeSlot) {
	h.mu.Lock()
	h.remove(slot)
	h.taken--
	h.mu.Unlock()
	select {
	case h.ended <- struct{}{}:
	default:
	}
}

func (h *handshakes) remove(slot *handshakeSlot) {
	if slot.entry != nil {
		h.running.Remove(slot.entry)
		slot.entry = nil
	}
}

// waitForRoom waits for a free slot and makes the oldest handshakes give way
// for it. It reports false when stop is closed.
func (h *handshakes) waitForRoom(stop <-chan struct{}) bool {
	for {
		wait, free := h.evict()
		if free {
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-h.ended:
		case <-timer.C:
		case <-stop:
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// evict reports whether a slot is free. If not, it closes the oldest handshake that is past its
// grace, and says when to look again at the latest.
func (h *handshakes) evict() (wait time.Duration, free bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.taken < h.max {
		return 0, true
	}
	oldest := h.running.Front()
	if oldest == nil {
		return time.Second, false // all wait for Accept: ended will tell
	}
	slot := oldest.Value.(*handshakeSlot)
	if wait := handshakeGrace - time.Since(slot.started); wait > 0 {
		return wait, false
	}
	h.remove(slot)
	slot.s.Close()
	close(slot.evicted)
	return time.Second, false // ended will tell
}

// count returns how many slots are taken.
func (h *handshakes) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.taken
}

// closeAll ends all handshakes, also those beginning later.
func (h *handshakes) closeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for e := h.running.Front(); e != nil; e = e.Next() {
		e.Value.(*handshakeSlot).s.Close()
	}
}

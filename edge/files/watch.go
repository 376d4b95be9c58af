package files

// Polling: the one loop behind everything that follows files.

import (
	"os"
	"time"
)

// Watching is a loop started by [Watch].
type Watching struct{ done, ended chan struct{} }

// Watch calls look once per interval, and signalled for each signal from signals, which may be nil.
// The two never run at once, and should return soon after Stopping is closed. The caller calls
// Stop.
func Watch(interval time.Duration, look func(*Watching), signals <-chan os.Signal, signalled func(*Watching)) *Watching {
	w := &Watching{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-signals:
				signalled(w)
			case <-ticker.C:
				look(w)
			}
		}
	}()
	return w
}

// Stopping is closed when the loop shall end.
func (w *Watching) Stopping() <-chan struct{} { return w.done }

// Stop ends the loop and must be called once. It returns false if a call that was running has not
// returned within the time given, and goes on.
func (w *Watching) Stop(within time.Duration) bool {
	close(w.done)
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-w.ended:
		return true
	case <-late.C:
		return false
	}
}

// Change decides when a file has changed and is complete. Editors and copies write in steps, so a
// new fingerprint counts when it is seen for the second time. The zero value is ready for use.
type Change struct{ pending string }

// Seen takes the fingerprint of now and the fingerprint of the content in use, and reports whether
// to read the file again.
func (c *Change) Seen(now, used string) bool {
	switch now {
	case used:
		c.pending = ""
		return false
	case c.pending:
		c.pending = ""
		return true
	}
	c.pending = now
	return false
}

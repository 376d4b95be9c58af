// Looking again and again: the one loop behind all that follows its files.

package files

import (
	"os"
	"time"
)

// Watching is a loop that Watch has started.
type Watching struct{ done, ended chan struct{} }

// Watch calls look each time that interval is over, and signalled for each signal from
// signals, which may be nil; never two at once. They should return soon after Stopping
// is closed. The caller calls Stop.
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

// Stop ends the loop; it is called once. False: what the loop has begun went on for
// longer than so long, and still does.
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

// Change tells when a file has changed and is whole: editors and copies write in steps,
// so a new stamp counts once it was seen twice. The zero value knows of none.
type Change struct{ pending string }

// Seen takes the stamp of now, and the one of what is in use. It reports whether to read
// the file again.
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

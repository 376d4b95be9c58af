package zmtp

// Sending: queueing, and the writing of the queue. The flushing goroutine writes as long as the
// socket takes everything at once. Otherwise a writer goroutine is started, which lives until the
// queue is empty.

import (
	"fmt"
	"time"
)

// inlineWrites is how many times in a row a flushing goroutine writes messages queued meanwhile by
// other goroutines. Afterwards a writer goroutine writes the rest.
const inlineWrites = 8

// Queue queues a single message: prefix, which is zero or more frames in wire form, all with the
// MORE flag, then m. It copies prefix and TAKES one reference of m in every case, also with an
// error: ErrFull at a high-water mark, ErrClosed when the connection is over or draining. Nothing
// is written before a Flush, which must follow soon. Any goroutine may call Queue.
func (c *Conn) Queue(prefix []byte, m Message) error {
	c.mu.Lock()
	err := ErrClosed
	if c.cause == nil && !c.draining {
		err = c.out.put(prefix, m)
	}
	c.mu.Unlock()
	if err != nil {
		m.Release()
	}
	return err
}

// Flush starts writing what is queued and never blocks. Any goroutine may call it.
func (c *Conn) Flush() {
	c.mu.Lock()
	start := c.cause == nil && !c.out.writing && len(c.out.pending) > 0
	if start {
		c.out.writing = true
	}
	c.mu.Unlock()
	if start {
		c.write()
	}
}

// Send is Queue and Flush.
func (c *Conn) Send(prefix []byte, m Message) error {
	if err := c.Queue(prefix, m); err != nil {
		return err
	}
	c.Flush()
	return nil
}

// Queued returns how much waits to be written, in messages and in bytes. Messages copied together
// count until all of them are written.
func (c *Conn) Queued() (messages, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.messages, int(c.out.bytes)
}

// sendCommand queues and flushes a command. Not while draining: the write side
// may be closed, and what is still to come is sign of life enough.
func (c *Conn) sendCommand(name string, data []byte) {
	c.mu.Lock()
	if c.cause == nil && !c.draining {
		c.out.putCommand(name, data)
	}
	c.mu.Unlock()
	c.Flush()
}

// AwaitQueue waits until at most n bytes are queued, or the connection is over: for callers who
// read from a peer and want the peer to read, too. Call AwaitQueue in the goroutine of Recv.
// Meanwhile messages of the peer stay in the network, PINGs included.
func (c *Conn) AwaitQueue(n int64) {
	c.recvMu.Lock()
	c.in.park()
	c.recvMu.Unlock()
	c.mu.Lock()
	if c.cause != nil || c.out.bytes <= n {
		c.mu.Unlock()
		return
	}
	if c.short == nil {
		c.short = make(chan struct{})
	}
	short := c.short
	c.shortAt = n
	c.mu.Unlock()
	select {
	case <-short:
	case <-c.done:
	}
}

// write writes without blocking. The caller has set out.writing; what the
// socket does not take at once goes to a writer goroutine, with the mark.
func (c *Conn) write() {
	n := 0
	for range inlineWrites {
		bufs := c.takeQueued(n)
		if bufs == nil {
			return
		}
		var err error
		if n, err = c.s.write(bufs, false); err != nil {
			c.writeFailed(err)
			return
		}
		if n < size(bufs) {
			break
		}
	}
	go c.writeWaiting(n)
}

// writeWaiting is the writer goroutine: it writes until nothing is queued.
// written is how much of what was taken last is already out.
func (c *Conn) writeWaiting(written int) {
	for n := written; ; {
		bufs := c.takeQueued(n)
		if bufs == nil {
			return
		}
		c.mu.Lock()
		c.out.tell()
		c.mu.Unlock()
		if c.writeTimeout > 0 {
			c.s.SetWriteDeadline(time.Now().Add(c.writeTimeout))
			c.deadlineSet = true
		}
		var err error
		if n, err = c.s.write(bufs, true); err != nil {
			if isTimeout(err) {
				err = fmt.Errorf("peer has taken nothing for %v: %w", c.writeTimeout, err)
			}
			c.writeFailed(err)
			return
		}
	}
}

// takeQueued accounts for n bytes written and returns the next pieces to write. When there are
// none, the writing of the caller ends.
func (c *Conn) takeQueued(n int) [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.wrote(n)
	if c.short != nil && c.out.bytes <= c.shortAt {
		close(c.short)
		c.short = nil
	}
	if c.cause == nil {
		if bufs := c.out.take(); bufs != nil {
			return bufs
		}
		if c.deadlineSet {
			c.s.SetWriteDeadline(time.Time{})
			c.deadlineSet = false
		}
	}
	c.writingEnded()
	return nil
}

// writeFailed ends the connection from the writing goroutine.
func (c *Conn) writeFailed(err error) {
	c.end(fmt.Errorf("zmtp: write to %s: %w", c.peer.RemoteAddr, err))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writingEnded()
}

// writingEnded gives up the ownership of the write side. c.mu is held.
func (c *Conn) writingEnded() {
	c.out.writing = false
	if c.cause != nil {
		c.out.drop()
	}
	if c.written != nil {
		close(c.written)
		c.written = nil
	}
}

func size(bufs [][]byte) int {
	n := 0
	for _, b := range bufs {
		n += len(b)
	}
	return n
}

package zmtp

// The send queue of a connection: bounded in messages and bytes, and laid out
// so that everything queued goes out in as few system calls as possible.

import "errors"

const (
	// coalesceMax is the size in wire form up to which a message is copied
	// into a shared chunk. Larger ones are queued by reference.
	coalesceMax = 4 << 10

	// chunkFirst is the first size of such a chunk, in bytes, and chunkMax the size at which
	// another chunk is begun: a slow peer with a small answer waiting holds little, a batch goes
	// out in one piece.
	chunkFirst = 4 << 10
	chunkMax   = 20 << 10

	// maxVectors is how many pieces one system call takes.
	maxVectors = 64

	// maxCommands bounds the PINGs and PONGs waiting in the queue: a peer that pings and never
	// reads gets no more.
	maxCommands = 64
)

var errNoMessage = errors.New("zmtp: message without frames")

// chunk is a piece of the queue: some messages copied together, the prefix of
// a large message, or a large message by reference.
type chunk struct {
	buf      *buffer
	off      int   // buf.b[off:] is to be written
	held     int64 // bytes of memory that count for this queue: buf's, unless a budget counts buf already
	shared   bool  // copied together: more may be appended until it is taken
	messages int
	commands int
}

// outbox is guarded by the connection's mutex. While writing is set, the goroutine that set it owns
// the write side of the stream.
type outbox struct {
	maxMessages int
	maxBytes    int64

	pending []chunk // in the order of queueing
	sending []chunk // taken by the writing goroutine; sending[head:] is left
	head    int
	writing bool

	messages int   // in both lists; those in a shared chunk count until all of it is written
	bytes    int64 // in both lists
	commands int   // in both lists
	held     int64 // of the chunks in both lists
	budget   *Budget
	counted  int64 // of held: what the budget was told

	seal    *sealer  // nil: nothing is encrypted
	vectors [][]byte // reused argument of the stream's write
}

// put queues prefix and m and takes over the reference to m on success.
func (o *outbox) put(prefix []byte, m Message) error {
	if m.IsZero() {
		return errNoMessage
	}
	wire := m.wire()
	size := len(prefix) + len(wire)
	if o.seal != nil {
		size = sealedSizeOf(prefix) + sealedSizeOf(wire)
	}
	if o.messages > 0 && (o.messages >= o.maxMessages || o.bytes+int64(size) > o.maxBytes) {
		return ErrFull
	}
	o.messages++
	o.bytes += int64(size)
	if o.seal != nil {
		o.putSealed(prefix, wire, size)
		m.Release()
	} else {
		o.putPlain(prefix, m, size)
	}
	o.tellChange()
	return nil
}

// putPlain queues a message taking size bytes.
func (o *outbox) putPlain(prefix []byte, m Message, size int) {
	if size <= coalesceMax {
		c := o.shared(size)
		c.buf.b = append(append(c.buf.b, prefix...), m.wire()...)
		c.messages++
		m.Release()
		return
	}
	if len(prefix) > 0 {
		c := o.shared(len(prefix))
		c.buf.b = append(c.buf.b, prefix...)
	}
	o.append(chunk{buf: m.buf, off: m.off, messages: 1})
}

// append adds a chunk to the queue and returns the place that it has there.
func (o *outbox) append(c chunk) *chunk {
	if c.buf.budget == nil {
		c.held = int64(cap(c.buf.b))
		o.held += c.held
	}
	o.pending = append(o.pending, c)
	return &o.pending[len(o.pending)-1]
}

// putCommand queues a short command past the high-water marks.
func (o *outbox) putCommand(name string, data []byte) {
	if o.commands == maxCommands {
		return
	}
	c := o.shared(sealOverhead + shortHeader + 1 + len(name) + len(data))
	before := len(c.buf.b)
	if o.seal != nil {
		c.buf.b = o.seal.appendCommand(c.buf.b, name, data)
	} else {
		c.buf.b = appendCommand(c.buf.b, name, data)
	}
	c.commands++
	o.commands++
	o.bytes += int64(len(c.buf.b) - before)
}

// shared returns the last chunk if n bytes can be appended to it, else a new one.
func (o *outbox) shared(n int) *chunk {
	if last := len(o.pending) - 1; last >= 0 {
		if c := &o.pending[last]; c.shared && len(c.buf.b)+n <= chunkMax {
			if cap(c.buf.b)-len(c.buf.b) < n {
				c.buf = c.buf.reserve(chunkMax - len(c.buf.b))
				o.held += int64(cap(c.buf.b)) - c.held
				c.held = int64(cap(c.buf.b))
			}
			return c
		}
	}
	return o.append(chunk{buf: newBuffer(max(chunkFirst, n)), shared: true})
}

// take returns the next pieces to write, nil when there are none. They stay
// valid until wrote.
func (o *outbox) take() [][]byte {
	if o.head == len(o.sending) {
		if len(o.pending) == 0 {
			o.releaseIdle()
			return nil
		}
		o.sending, o.pending, o.head = o.pending, o.sending[:0], 0
	}
	o.vectors = o.vectors[:0]
	for _, c := range o.sending[o.head:min(len(o.sending), o.head+maxVectors)] {
		o.vectors = append(o.vectors, c.buf.b[c.off:])
	}
	return o.vectors
}

// releaseIdle frees memory that an idle connection should not hold: targets of the vectors, and
// lists made long by a burst.
func (o *outbox) releaseIdle() {
	clear(o.vectors[:cap(o.vectors)])
	if cap(o.sending) > maxVectors {
		o.sending, o.head = nil, 0
	}
	if cap(o.pending) > maxVectors {
		o.pending = nil
	}
}

// wrote accounts for n bytes of what take returned.
func (o *outbox) wrote(n int) {
	o.bytes -= int64(n)
	defer o.tellChange()
	for n > 0 {
		c := &o.sending[o.head]
		left := len(c.buf.b) - c.off
		if n < left {
			c.off += n
			return
		}
		n -= left
		o.done(c)
		o.head++
	}
}

func (o *outbox) done(c *chunk) {
	o.messages -= c.messages
	o.commands -= c.commands
	o.held -= c.held
	c.buf.release()
	c.buf = nil
}

// drop empties the queue when the connection is over; chunks being written are dropped once the
// writer has come back.
func (o *outbox) drop() {
	for i := range o.pending {
		o.done(&o.pending[i])
	}
	o.pending = nil
	if o.writing {
		return
	}
	for i := o.head; i < len(o.sending); i++ {
		o.done(&o.sending[i])
	}
	o.sending, o.head, o.vectors = nil, 0, nil
	o.bytes = 0
	o.tell()
}

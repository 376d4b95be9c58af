package zmtp

// Pooled, reference-counted byte buffers: the memory under messages and under
// the copied part of a send queue.

import (
	"sync"
	"sync/atomic"
)

// bufferClasses are the capacities pooled, in bytes. Each is about twice the last, to keep a
// queue's memory near the count of the messages. The odd tails leave room for frame headers and an
// envelope around a body of round size.
var bufferClasses = [...]int{
	512, 1<<10 + 256, 2<<10 + 512, 4 << 10, 9 << 10, 20 << 10, 36 << 10, 72 << 10,
	136 << 10, 272 << 10, 520 << 10, 1<<20 + 4<<10,
}

// bufferPools hold *buffer of the capacity with the same index.
var bufferPools [len(bufferClasses)]sync.Pool

// unpooled is the class of buffers larger than the largest class: the garbage
// collector takes them.
const unpooled = -1

// smallBuffer is the capacity up to which no budget is told of a buffer, in bytes: small
// messages come and go by the hundred thousand.
const smallBuffer = 4 << 10

// buffer is owned by its reference holders together. Only a sole holder that is still filling the
// buffer may write.
type buffer struct {
	b         []byte
	refs      atomic.Int32
	class     int8
	truncated int64   // bytes of the message that were thrown away
	budget    *Budget // counts cap(b) until the last release; nil: nobody does
}

// newBuffer returns an empty buffer with room for n bytes and one reference.
func newBuffer(n int) *buffer {
	for class, size := range bufferClasses {
		if n > size {
			continue
		}
		b, ok := bufferPools[class].Get().(*buffer)
		if !ok {
			b = &buffer{b: make([]byte, 0, size), class: int8(class)}
		}
		b.refs.Store(1)
		b.truncated = 0
		return b
	}
	b := &buffer{b: make([]byte, 0, n), class: unpooled}
	b.refs.Store(1)
	return b
}

func (b *buffer) retain() { b.refs.Add(1) }

// release gives up one reference. The last release returns the memory to the pool. More releases
// than references are a bug of the caller, which would give the memory two owners: release panics.
func (b *buffer) release() {
	switch refs := b.refs.Add(-1); {
	case refs > 0:
	case refs < 0:
		panic("zmtp: Message released more often than retained")
	default:
		if b.budget != nil {
			b.budget.Hold(-int64(cap(b.b)))
			b.budget = nil
		}
		if b.class != unpooled {
			b.b = b.b[:0]
			bufferPools[b.class].Put(b)
		}
	}
}

// charge counts the buffer's memory in budget until the last reference is given up, if it is more
// than smallBuffer. The caller is the only holder. A buffer counted already stays as it is.
func (b *buffer) charge(budget *Budget) {
	if budget != nil && b.budget == nil && cap(b.b) > smallBuffer {
		b.budget = budget
		budget.Hold(int64(cap(b.b)))
	}
}

// reserve returns b with room for n more bytes, or a larger buffer with the content of b. b must
// have one reference, which moves to the result.
func (b *buffer) reserve(n int) *buffer {
	if cap(b.b)-len(b.b) >= n {
		return b
	}
	want := len(b.b) + n
	if b.class == unpooled {
		want = max(want, 2*len(b.b))
	}
	larger := newBuffer(want)
	larger.b = append(larger.b, b.b...)
	larger.truncated = b.truncated
	larger.charge(b.budget)
	b.release()
	return larger
}

// grow is reserve for a buffer whose final size is known: a larger buffer has room for
// exactly n more bytes.
func (b *buffer) grow(n int) *buffer {
	larger := newBuffer(len(b.b) + n)
	larger.b = append(larger.b, b.b...)
	larger.truncated = b.truncated
	larger.charge(b.budget)
	b.release()
	return larger
}

package scan

// Where bytes come from: a regular file, read directly, or a stream, which a
// goroutine reads so that waiting for it can be given up.

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// source is read by one goroutine. Its read is an io.Reader's, except that in
// a hurry it may return errLull when nothing comes at the moment.
type source interface {
	read(p []byte, hurry bool) (int, error)
}

var errLull = errors.New("nothing to read at the moment")

type regular struct{ *os.File }

func (f regular) read(p []byte, _ bool) (int, error) { return f.Read(p) }

// pump is a stream that a goroutine of its own reads ahead, by pumpChunk bytes
// in each of two buffers.
type pump struct {
	ctx   context.Context
	lull  time.Duration
	full  chan chunk
	empty chan []byte
	chunk chunk // what is left of the last one

	cancel context.CancelFunc
	ended  chan struct{} // the goroutine has ended
	stuck  chan struct{} // it cannot be made to end: its Read cannot be interrupted

	mu     sync.Mutex
	reader io.Reader // nil until opened
}

const pumpChunk = 64 << 10 // a Linux pipe's default capacity

type chunk struct {
	rest []byte
	buf  []byte // that rest is a part of
	err  error  // after rest
}

// newPump reads stdin or, if that is nil, opens, reads and closes path; all in
// its own goroutine, for opening a FIFO waits for its writer. The caller must
// call stop.
func newPump(ctx context.Context, lull time.Duration, path string, stdin io.Reader) *pump {
	ctx, cancel := context.WithCancel(ctx)
	p := &pump{
		ctx: ctx, cancel: cancel, lull: lull,
		full: make(chan chunk, 2), empty: make(chan []byte, 2),
		ended: make(chan struct{}), stuck: make(chan struct{}),
	}
	p.empty <- make([]byte, pumpChunk)
	p.empty <- make([]byte, pumpChunk)
	go p.run(path, stdin)
	return p
}

func (p *pump) run(path string, reader io.Reader) {
	defer close(p.ended)
	interrupted := make(chan struct{})
	stop := context.AfterFunc(p.ctx, func() { p.interrupt(); close(interrupted) })
	defer func() {
		if !stop() {
			<-interrupted
		}
	}()
	if reader == nil {
		f, err := os.Open(path)
		if err != nil {
			p.put(chunk{err: err})
			return
		}
		defer f.Close()
		reader = f
	}
	p.mu.Lock()
	p.reader = reader
	p.mu.Unlock()
	for {
		select {
		case buf := <-p.empty:
			n, err := reader.Read(buf)
			if !p.put(chunk{rest: buf[:n], buf: buf, err: err}) || err != nil {
				return
			}
		case <-p.ctx.Done():
			return
		}
	}
}

func (p *pump) put(c chunk) bool {
	select {
	case p.full <- c:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// interrupt makes a Read under way return, where that can be done.
func (p *pump) interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := p.reader.(interface{ SetReadDeadline(time.Time) error }); ok {
		if d.SetReadDeadline(time.Unix(1, 0)) == nil {
			return
		}
	}
	close(p.stuck)
}

// stop ends the goroutine; one whose Read cannot be interrupted ends with it.
func (p *pump) stop() {
	p.cancel()
	select {
	case <-p.ended:
	case <-p.stuck:
	}
}

func (p *pump) read(to []byte, hurry bool) (int, error) {
	for len(p.chunk.rest) == 0 {
		if p.chunk.err != nil {
			return 0, p.chunk.err
		}
		if p.chunk.buf != nil {
			p.empty <- p.chunk.buf // has room for both
		}
		p.chunk = chunk{}
		c, err := p.next(hurry)
		if err != nil {
			return 0, err
		}
		p.chunk = c
	}
	n := copy(to, p.chunk.rest)
	p.chunk.rest = p.chunk.rest[n:]
	return n, nil
}

func (p *pump) next(hurry bool) (chunk, error) {
	select {
	case c := <-p.full:
		return c, nil
	default:
	}
	var lull <-chan time.Time
	if hurry {
		lull = time.After(p.lull)
	}
	select {
	case c := <-p.full:
		return c, nil
	case <-lull:
		return chunk{}, errLull
	case <-p.ctx.Done():
		return chunk{}, p.ctx.Err()
	}
}

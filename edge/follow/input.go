package follow

// Standard input: bytes come at any time, and only once.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// ReadInput hands the records of r, which may be a pipe or a terminal, to take until r or
// ctx ends or take returns an error. The end of r is no error. Of the options it uses Start
// and Overlap alone; positions of standard input are not kept. A line that has no end yet is
// waited for.
//
// Nothing runs on when ReadInput returns, with one exception: a Read of r that waits for
// input and cannot be interrupted, since r has no SetReadDeadline that works.
func ReadInput(ctx context.Context, r io.Reader, o Options, take func(*Batch) error) error {
	if err := o.check(); err != nil {
		return err
	}
	in := &input{cut: o.cutter(), take: take}
	p := newPump(r)
	defer p.stop()
	tick := time.NewTicker(batchDelay)
	defer tick.Stop()
	for {
		var err error
		select {
		case block, ok := <-p.blocks:
			if !ok {
				return in.finish(p.err)
			}
			err = in.add(time.Now(), block)
			p.free <- block[:0]
		case now := <-tick.C:
			err = in.tick(now)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// input makes records of a stream.
type input struct {
	ledger
	cut   cutter
	take  func(*Batch) error
	batch *Batch

	data  []byte // what came and was not handed over
	start int64  // of data in the stream
	place place
	begun bool // the first bytes were looked at
	came  time.Time
}

// add takes bytes over.
func (in *input) add(now time.Time, block []byte) error {
	in.data = append(in.data, block...)
	if !in.begun && len(in.data) >= len(markUTF8) {
		in.begun = true
		if isForeign(in.data) {
			return errForeign
		}
		if rest, ok := bytes.CutPrefix(in.data, markUTF8); ok {
			in.start += int64(len(in.data) - len(rest))
			in.data = rest
		}
	}
	in.came = now
	return in.records(now, open)
}

// records puts what is complete into batches.
func (in *input) records(now time.Time, end ending) error {
	at := 0
	for {
		r, n, ok := in.cut.next(&in.place, in.data[at:], end)
		if !ok {
			break
		}
		if in.batch == nil {
			in.batch = in.fresh()
		}
		in.batch.add(Record{
			Path: "-", Offset: in.start + int64(at), Text: r.text, Overlap: r.overlap, Continued: r.continued, Cut: r.cut,
		}, now)
		at += n
		if in.batch.full() {
			if err := in.deliver(); err != nil {
				return err
			}
		}
	}
	in.start += int64(at)
	in.data = append(in.data[:0], in.data[at:]...)
	if len(in.data) == 0 && cap(in.data) > keptSpan {
		in.data = nil
	}
	return nil
}

// tick hands over what has waited long enough.
func (in *input) tick(now time.Time) error {
	if in.place.complete > 0 && now.Sub(in.came) >= recordWait {
		if err := in.records(now, idle); err != nil {
			return err
		}
	}
	if in.batch != nil && in.batch.due(now) {
		return in.deliver()
	}
	return nil
}

func (in *input) deliver() error {
	b := in.batch
	in.batch = nil
	in.handOver(b)
	return in.take(b)
}

// finish hands over the rest. err is what ended the stream.
func (in *input) finish(err error) error {
	now := time.Now()
	if !in.begun && isForeign(in.data) {
		return errForeign
	}
	if err := in.records(now, final); err != nil {
		return err
	}
	if in.batch != nil {
		if err := in.deliver(); err != nil {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// pump reads in a goroutine, one block ahead.
type pump struct {
	r      io.Reader
	blocks chan []byte // closed at the end
	free   chan []byte
	done   chan struct{} // closed to stop the pump
	err    error         // of reading; set before blocks is closed
}

func newPump(r io.Reader) *pump {
	p := &pump{r: r, blocks: make(chan []byte), free: make(chan []byte, 2), done: make(chan struct{})}
	for range cap(p.free) {
		p.free <- make([]byte, 0, chunk)
	}
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.blocks)
	for {
		var b []byte
		select {
		case b = <-p.free:
		case <-p.done:
			return
		}
		n, err := p.r.Read(b[:cap(b)])
		if n > 0 {
			select {
			case p.blocks <- b[:n]:
			case <-p.done:
				return
			}
		} else if err == nil {
			p.free <- b
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

// stop ends the pump and waits for the end, unless Read cannot be interrupted.
func (p *pump) stop() {
	close(p.done)
	d, ok := p.r.(interface{ SetReadDeadline(time.Time) error })
	if !ok || d.SetReadDeadline(time.Unix(1, 0)) != nil {
		return // the pump ends with Read
	}
	for range p.blocks { // until it is closed
	}
	d.SetReadDeadline(time.Time{})
}

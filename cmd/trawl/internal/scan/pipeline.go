package scan

// Several requests at once, answers in the order of the input. The batches
// are the reorder buffer: there are as many as may be in flight, one that is
// being filled and one that is being printed.

import (
	"context"
	"errors"
	"sync"
	"syscall"
)

// errStop ends a scan that knows enough.
var errStop = errors.New("enough is known")

// pipeline runs a scan: one goroutine reads, several ask, this one prints.
func pipeline(ctx context.Context, asker Asker, o *Options, p *printer, w *walk) error {
	inner, cancel := context.WithCancel(ctx)
	count := o.InFlight + 2
	free := make(chan *batch, count)
	work := make(chan *batch, count)
	order := make(chan *batch, count) // the same batches, for the printer
	for range count {
		free <- newBatch()
	}

	var goroutines sync.WaitGroup
	goroutines.Go(func() {
		defer close(work)
		defer close(order)
		r := &reader{ctx: inner, o: o, free: free, send: func(b *batch) { work <- b; order <- b }}
		if w.run(r) == nil {
			r.flush()
		}
	})
	for range o.InFlight {
		goroutines.Go(func() {
			for b := range work {
				b.ask(inner, asker, o)
			}
		})
	}

	err := p.print(inner, order, free)
	cancel()
	goroutines.Wait()
	for b := range order {
		b.release()
	}
	return p.result(ctx, err)
}

// print prints the batches of order as they are answered and gives them free.
// It need not watch ctx: when that ends, so do the reader and every request.
func (p *printer) print(ctx context.Context, order <-chan *batch, free chan<- *batch) error {
	for {
		b, err := p.next(order)
		if b == nil || err != nil {
			return err
		}
		p.await(b)
		err = p.batch(ctx, b)
		b.release()
		if err != nil {
			return err
		}
		free <- b
	}
}

// next returns the next batch, nil after the last. Before it waits, everything
// printed is written out.
func (p *printer) next(order <-chan *batch) (*batch, error) {
	select {
	case b := <-order:
		return b, nil
	default:
	}
	if err := p.out.Flush(); err != nil {
		return nil, err
	}
	return <-order, nil
}

// await waits for the answer to b, as next does. An error of writing stays.
func (p *printer) await(b *batch) {
	select {
	case <-b.answered:
	default:
		_ = p.out.Flush()
		<-b.answered
	}
}

// result is a scan's error, err being the printer's.
func (p *printer) result(ctx context.Context, err error) error {
	flushed := p.out.Flush() // sticky: the error of any write before it
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(flushed, syscall.EPIPE):
		return nil // the reader of our output has seen enough
	case flushed != nil:
		return outputError(flushed)
	case errors.Is(err, errStop):
		return nil
	case err != nil:
		return err
	case p.unreadable:
		return ErrUnreadable
	case p.sum.NotMasked > 0:
		return ErrNotMasked
	}
	return nil
}

package broker

// The end of a broker: what is in hand is finished, then connections end.

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// How a broker ends: it takes nothing new, answers what it has, and takes leave.

// flushTime is how long the last answers may take to leave a connection that
// is being ended.
const flushTime = time.Second

// drain ends the service; see Serve.
func (b *Broker) drain() {
	b.options.Log.Info("draining", "timeout", b.options.DrainTimeout)
	b.stopping.Store(true)
	b.pulse(true)
	idle := b.router.stopTaking()
	b.router.tellWorkers()
	timeout := time.NewTimer(b.options.DrainTimeout)
	defer timeout.Stop()
	select {
	case <-idle:
	case <-timeout.C:
		var out batch
		b.router.failAll(&out)
		out.flush()
	}
	b.closeListeners() // HTTP's too, which lets answers go out
	b.closeConns()
}

// closeConns flushes and ends all connections, in flushTime at most.
func (b *Broker) closeConns() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	b.mu.Lock()
	b.ending = true
	var conns []*zmtp.Conn
	for _, d := range b.doors() {
		conns = slices.AppendSeq(conns, maps.Keys(d.conns))
	}
	b.mu.Unlock()
	var flushing sync.WaitGroup
	for _, c := range conns {
		flushing.Go(func() { _ = c.Drain(ctx) })
	}
	flushing.Wait()
}

// requestStop makes Serve drain and return.
func (b *Broker) requestStop() {
	b.stopOnce.Do(func() { close(b.stop) })
}

// stopTaking makes every further request be refused, and returns a channel
// that is closed once the admitted ones are answered.
func (r monitor) stopTaking() <-chan struct{} {
	r.lock()
	defer r.unlock()
	if !r.draining {
		r.draining = true
		if r.pending == 0 {
			close(r.idled)
		}
	}
	return r.idled
}

// tellWorkers says to every trawl worker that the broker is draining.
func (r monitor) tellWorkers() {
	var out batch
	defer out.flush()
	r.lock()
	defer r.leave(&out)
	round(r.router, r.workers.items, func(w *worker, out *batch) {
		if !w.plain {
			r.tell(w, zmtp.NewMessage(wire.ControlFrame(wire.KindDrain)), out)
		}
	})
}

// failAll answers what is left at the end of a drain.
func (r monitor) failAll(out *batch) {
	r.lock()
	defer r.leave(out)
	round(r.router, r.clients.items, func(c *client, _ *batch) {
		r.later(func(out *batch) bool {
			for q := c.requests.front(); q != nil; q = c.requests.front() {
				if r.spent() {
					return false
				}
				r.fail(q, wire.Errorf(wire.Draining, "the broker stopped before the request was answered"), out)
			}
			return true
		})
	})
}

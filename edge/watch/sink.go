package watch

// A sink with its filter, rate limit, queue and retries.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"trawl/edge/escape"
)

// Sink takes events to somebody. A single goroutine uses a sink.
type Sink interface {
	// Send delivers events in their order and returns the number of delivered events. With an
	// error, the next event has failed. After a *RefusedError that event is dropped;
	// after any other error the sink is away, and Send is called again after a
	// pause.
	Send(ctx context.Context, events []*Event) (delivered int, err error)
	// Preview shows people what Send would do with e.
	Preview(e *Event) string
	// Close closes connections and files.
	Close() error
}

// RefusedError says that a sink will never take an event.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// AwayError says that a sink takes nothing for now.
type AwayError struct {
	Err   error
	After time.Duration // pause asked for by the sink; 0: none
}

func (e *AwayError) Error() string { return e.Err.Error() }
func (e *AwayError) Unwrap() error { return e.Err }

// SinkOptions describe a sink and the events for it.
type SinkOptions struct {
	Name   string
	Sink   Sink
	Filter Filter
	Limit  RateLimit
	// DropOldest: when the queue is full, the oldest events make room for new events. Else
	// all sources wait, and so do all sinks.
	DropOldest bool
	// Line: the sink uses whole records.
	Line bool
	// Batch is how many events Send gets at most; 0 is 1.
	Batch int
}

// Pauses between tries of a sink that is away.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
	saveEvery  = time.Second // how often rate limits are saved at most
)

// outlet is a sink at work.
type outlet struct {
	SinkOptions
	store store
	log   *slog.Logger
	queue *queue

	mu       sync.Mutex
	limiter  *limiter // nil: no limit
	rearm    chan struct{}
	progress chan struct{} // has a token when events were delivered or dropped

	delivered, refused, suppressed uint64
	away                           error // why the sink takes nothing for now
	saveFailed                     bool
}

// openOutlet makes the queue of a sink, with the events left by the process before.
func openOutlet(o SinkOptions, all *queues, s store, log *slog.Logger) (*outlet, error) {
	out := &outlet{SinkOptions: o, store: s, log: log.With("sink", o.Name), rearm: make(chan struct{}, 1), progress: make(chan struct{}, 1)}
	file, kept, err := s.queue(o.Name)
	if err != nil {
		return nil, fmt.Errorf("the events that wait for sink %s cannot be kept: %w", o.Name, err)
	}
	if kept.killed {
		for _, e := range kept.events[:min(len(kept.events), max(1, o.Batch))] {
			e.Redelivered = true
		}
	}
	out.queue = all.open(o.DropOldest, o.Line, file, kept.events)
	if n := len(kept.events); n > 0 {
		out.log.Info("events of the process before wait for the sink", "events", n)
	}
	if o.Limit.Interval > 0 {
		out.limiter = newLimiter(o.Limit)
		data, err := s.limits(o.Name)
		if err == nil && data != nil {
			err = out.limiter.load(data, bootClock())
		}
		if err != nil {
			out.log.Warn("the rate limit begins anew: what was kept of it cannot be used", "error", err)
		}
		out.limiter.dirty = false
	}
	return out, nil
}

// offer filters events, applies the rate limit and puts the rest into the queue, where
// events are safe.
func (o *outlet) offer(ctx context.Context, events []*Event) error {
	var pass []*Event
	o.mu.Lock()
	if o.limiter != nil && len(events) > 0 {
		pass, _ = o.limiter.due(bootClock())
	}
	for _, e := range events {
		switch {
		case !o.Filter.takes(e):
		case o.limiter == nil || o.limiter.admit(e, bootClock()):
			pass = append(pass, e)
		default:
			o.suppressed++
		}
	}
	rearm := o.limiter != nil && o.limiter.dirty
	o.mu.Unlock()
	if rearm {
		signal(o.rearm)
	}
	if len(pass) == 0 {
		return nil
	}
	return o.queue.put(ctx, pass...)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keepLimits sends summaries in time and saves a changed rate limit,
// until ctx ends.
func (o *outlet) keepLimits(ctx context.Context) {
	if o.limiter == nil {
		return
	}
	var saved time.Duration // of the boot clock
	for {
		o.mu.Lock()
		now := bootClock()
		summaries, next := o.limiter.due(now)
		dirty := o.limiter.dirty && o.store.keeps()
		save := dirty && now-saved >= saveEvery
		o.mu.Unlock()
		if len(summaries) > 0 && o.queue.put(ctx, summaries...) != nil {
			return // the summaries go with the process
		}
		if save {
			o.saveLimits(false)
			saved, dirty = now, false
		}
		if dirty && (next == 0 || saved+saveEvery < next) {
			next = saved + saveEvery
		}
		if !o.sleep(ctx, next, now) {
			return
		}
	}
}

// sleep returns at a time of the boot clock, or earlier when the rate limit has changed.
// False: ctx has ended.
func (o *outlet) sleep(ctx context.Context, until, now time.Duration) bool {
	var wake <-chan time.Time
	if until != 0 {
		timer := time.NewTimer(until - now)
		defer timer.Stop()
		wake = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-o.rearm:
	case <-wake:
	}
	return true
}

func (o *outlet) saveLimits(end bool) {
	o.mu.Lock()
	data, err := o.limiter.save(o.Line)
	o.limiter.dirty = false
	o.mu.Unlock()
	if err == nil {
		err = o.store.saveLimits(o.Name, data, end)
	}
	if err != nil && !o.saveFailed {
		o.log.Warn("the rate limit cannot be kept: it begins anew after a crash", "error", err)
	}
	o.saveFailed = err != nil
}

// deliver sends the events of the queue until ctx ends. An event that is being sent may take
// until stop ends.
func (o *outlet) deliver(ctx, stop context.Context) {
	var pause time.Duration
	for {
		events, next, err := o.queue.take(ctx, max(1, o.Batch))
		if err != nil {
			return
		}
		delivered, err := o.Sink.Send(stop, events)
		start := next - uint64(len(events))
		o.mu.Lock()
		o.delivered += uint64(delivered)
		o.mu.Unlock()
		var refused *RefusedError
		switch {
		case err == nil:
			o.queue.done(next)
			pause = 0
			o.setAway(nil)
		case stop.Err() != nil:
			o.queue.done(start + uint64(delivered))
			return
		case errors.As(err, &refused):
			o.refuse(events[delivered], err)
			o.queue.done(start + uint64(delivered) + 1)
			pause = 0
		default:
			o.queue.done(start + uint64(delivered))
			o.setAway(err)
			pause = min(max(firstPause, 2*pause), lastPause)
			if !o.wait(ctx, pause, err) {
				return
			}
			continue
		}
		signal(o.progress)
	}
}

// wait waits before the next try; false: ctx has ended.
func (o *outlet) wait(ctx context.Context, pause time.Duration, err error) bool {
	var away *AwayError
	if errors.As(err, &away) && away.After > 0 {
		pause = min(max(away.After, firstPause), maxRetryAfter)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// maxRetryAfter bounds how long a sink can make itself be left alone.
const maxRetryAfter = time.Hour

// refuse counts a refused event. The log gets the first, second, fourth and so on.
func (o *outlet) refuse(e *Event, err error) {
	o.mu.Lock()
	o.refused++
	first := o.refused&(o.refused-1) == 0 // 1, 2, 4, 8 …
	n := o.refused
	o.mu.Unlock()
	if first {
		o.log.Warn("the sink does not take an event, which is dropped", "event", e.ID, "rule", escape.Cut(e.Rule, escape.MaxArgument), "error", err, "dropped", n)
	}
}

// setAway notes whether the sink is away, and logs changes.
func (o *outlet) setAway(err error) {
	o.mu.Lock()
	before := o.away
	o.away = err
	o.mu.Unlock()
	switch {
	case err != nil && before == nil:
		what := "the sink is away: its events wait, and sources with them once there is no room"
		if o.DropOldest {
			what = "the sink is away: its events wait, and the oldest are dropped once there is no room"
		}
		o.log.Warn(what, "error", err)
	case err == nil && before != nil:
		o.log.Info("the sink takes events again")
	}
}

// end saves queue and rate limit, after all goroutines have ended. It returns
// how many events nobody will send.
func (o *outlet) end() (lost int) {
	err := o.store.saveQueue(o.Name, o.queue)
	if o.limiter != nil && o.store.keeps() {
		o.saveLimits(true)
	}
	n, _, _, _, broken := o.queue.status()
	if err != nil || !o.store.keeps() || broken != nil && o.store.run == "" {
		lost = n
	}
	if o.queue.file != nil {
		err = errors.Join(err, o.queue.file.stop())
	}
	if err := errors.Join(err, o.Sink.Close()); err != nil {
		o.log.Warn("the sink did not end well", "error", err)
	}
	return lost
}

// SinkStatus is how a sink is.
type SinkStatus struct {
	Name       string
	Waiting    int    // events in the queue
	Bytes      int64  // memory of the queue
	Delivered  uint64 // events
	Suppressed uint64 // events held back by the rate limit for summaries
	Refused    uint64 // events that the sink will never take
	Dropped    uint64 // for want of room in the queue
	Away       error  // why the sink takes nothing for now; nil: all is well
	Blocking   bool   // sources wait for this sink
}

func (o *outlet) status() SinkStatus {
	s := SinkStatus{Name: o.Name}
	s.Waiting, s.Bytes, s.Dropped, s.Blocking, _ = o.queue.status()
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Delivered, s.Suppressed, s.Refused, s.Away = o.delivered, o.suppressed, o.refused, o.away
	return s
}

package watch

// Queues of events on their way to sinks.

import (
	"context"
	"sync"
)

const (
	// maxQueue bounds the queue of a sink, in bytes, and maxQueues all queues
	// together. An empty queue takes an event in any case.
	maxQueue  = 4 << 20
	maxQueues = 8 << 20
)

// queues are the queues of all sinks. A single lock guards all queues, since a put into
// a queue may wait for room in another.
type queues struct {
	mu    sync.Mutex
	bytes int64
	room  chan struct{} // closed, and made anew, when events have left a queue
}

func newQueues() *queues { return &queues{room: make(chan struct{})} }

// queue holds the events of a sink, in order. Several goroutines may put; one takes.
type queue struct {
	all        *queues
	dropOldest bool       // when full; else put waits
	line       bool       // the file keeps the whole records
	file       *queueFile // nil: in memory only

	// all.mu guards the fields below.
	events  []queued
	first   uint64 // number of events[0]; numbers are consecutive
	bytes   int64
	added   chan struct{} // has a token when events were added
	dropped uint64        // events removed for want of room
	waiting int           // goroutines in put waiting for room
	broken  error         // why file is not used any more
}

type queued struct {
	event  *Event
	size   int64
	stored int64 // bytes in file
}

func (all *queues) open(dropOldest, line bool, file *queueFile, kept []*Event) *queue {
	q := &queue{all: all, dropOldest: dropOldest, line: line, file: file, added: make(chan struct{}, 1)}
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, e := range kept {
		q.addLocked(e)
	}
	if file != nil {
		q.failLocked(file.settle())
	}
	q.flushLocked()
	return q
}

// put adds events in their order. Without room it waits, or drops the oldest events.
// After an error, ctx's, some events may have been added.
func (q *queue) put(ctx context.Context, events ...*Event) error {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	for _, e := range events {
		if err := q.roomLocked(ctx, e.size()); err != nil {
			return err
		}
		q.addLocked(e)
	}
	q.flushLocked()
	return nil
}

// roomLocked returns when there is room for size bytes. The lock is let go meanwhile.
func (q *queue) roomLocked(ctx context.Context, size int64) error {
	for len(q.events) > 0 && (q.bytes+size > maxQueue || q.all.bytes+size > maxQueues) {
		if q.dropOldest {
			q.dropped++
			q.removeLocked(1)
			continue
		}
		q.flushLocked()
		room := q.all.room
		q.waiting++
		q.all.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		q.all.mu.Lock()
		q.waiting--
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) addLocked(e *Event) {
	added := queued{event: e, size: e.size()}
	if q.file != nil {
		added.stored = q.file.add(e, q.line)
	}
	q.events = append(q.events, added)
	q.bytes += added.size
	q.all.bytes += added.size
}

// flushLocked writes added events to the file and wakes take.
func (q *queue) flushLocked() {
	if q.file != nil {
		q.failLocked(q.file.flush())
	}
	if len(q.events) > 0 {
		select {
		case q.added <- struct{}{}:
		default:
		}
	}
}

// failLocked gives the file up after an error: a stale file would bring events back.
func (q *queue) failLocked(err error) {
	if err != nil && q.file != nil {
		q.broken = err
		q.file.remove()
		q.file = nil
	}
}

// take returns up to most events from the head of the queue; done removes them.
// An empty queue is waited for until ctx ends. Next is the number behind the last event.
func (q *queue) take(ctx context.Context, most int) (events []*Event, next uint64, err error) {
	for {
		if events, next = q.head(most); len(events) > 0 {
			return events, next, nil
		}
		select {
		case <-q.added:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

func (q *queue) head(most int) (events []*Event, next uint64) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	n := min(most, len(q.events))
	for i := range q.events[:n] {
		events = append(events, q.events[i].event)
	}
	return events, q.first + uint64(n)
}

// done removes the events before the number next, after delivery.
func (q *queue) done(next uint64) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	if next > q.first {
		q.removeLocked(int(next - q.first))
	}
}

// removeLocked removes n events from the head.
func (q *queue) removeLocked(n int) {
	n = min(n, len(q.events))
	var stored int64
	for i := range q.events[:n] {
		q.bytes -= q.events[i].size
		q.all.bytes -= q.events[i].size
		stored += q.events[i].stored
	}
	clear(q.events[:n])
	q.events = q.events[n:]
	if len(q.events) == 0 {
		q.events = nil // frees the array
	}
	q.first += uint64(n)
	if q.file != nil {
		q.failLocked(q.file.skip(stored, len(q.events) == 0))
	}
	close(q.all.room)
	q.all.room = make(chan struct{})
}

// status returns how many events and bytes wait, how many were dropped for want of room,
// and whether a source waits for room.
func (q *queue) status() (events int, bytes int64, dropped uint64, blocking bool, broken error) {
	q.all.mu.Lock()
	defer q.all.mu.Unlock()
	return len(q.events), q.bytes, q.dropped, q.waiting > 0, q.broken
}

// each calls do with all events and removes none.
func (q *queue) each(do func(*Event)) {
	events, _ := q.head(1 << 30)
	for _, e := range events {
		do(e)
	}
}

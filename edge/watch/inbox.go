package watch

// Messages between receiving and matching, for sources of pushed messages.

import (
	"context"
	"sync"
)

// maxInbox bounds an inbox, in bytes: texts and recordOverhead for each.
const maxInbox = 4 << 20

// recordOverhead is the memory of a record without its text, in bytes, labels included.
const recordOverhead = 512

// inbox is a queue of records between receivers and the matcher. Several goroutines
// may put; a single goroutine takes.
type inbox struct {
	mu      sync.Mutex
	records []received
	bytes   int64
	added   chan struct{} // has a token when records were added
	room    chan struct{} // closed, and made anew, when records have left
}

// received is a record with its acknowledgement.
type received struct {
	Record
	ack        func() // nil: nothing
	connection uint64 // number of the connection of the record
}

func newInbox() *inbox {
	return &inbox{added: make(chan struct{}, 1), room: make(chan struct{})}
}

func (r *received) size() int64 { return recordOverhead + int64(len(r.Text)) }

// offer adds r if there is room.
func (in *inbox) offer(r received) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.records) > 0 && in.bytes+r.size() > maxInbox {
		return false
	}
	in.records = append(in.records, r)
	in.bytes += r.size()
	signal(in.added)
	return true
}

// put adds r when there is room; false: ctx ended before.
func (in *inbox) put(ctx context.Context, r received) bool {
	for {
		in.mu.Lock()
		room := in.room
		in.mu.Unlock()
		if in.offer(r) {
			return true
		}
		select {
		case <-room:
		case <-ctx.Done():
			return false
		}
	}
}

// drop removes the records for which gone is true.
func (in *inbox) drop(gone func(*received) bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	kept := in.records[:0]
	for i := range in.records {
		if gone(&in.records[i]) {
			in.bytes -= in.records[i].size()
			continue
		}
		kept = append(kept, in.records[i])
	}
	clear(in.records[len(kept):])
	in.records = kept
	in.leftLocked()
}

func (in *inbox) leftLocked() {
	close(in.room)
	in.room = make(chan struct{})
}

// each hands batches of the records to take until ctx ends or take returns an error. A
// batch has at most most records.
func (in *inbox) each(ctx context.Context, most int, take func(*Batch) error) error {
	for {
		got := in.first(most)
		if len(got) == 0 {
			select {
			case <-in.added:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		b := &Batch{Ack: func() {
			for i := range got {
				if got[i].ack != nil {
					got[i].ack()
				}
			}
		}}
		for i := range got {
			b.Records = append(b.Records, got[i].Record)
		}
		if err := take(b); err != nil {
			return err
		}
	}
}

// first removes up to most records from the head.
func (in *inbox) first(most int) []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := min(most, len(in.records))
	if n == 0 {
		return nil
	}
	got := make([]received, n)
	copy(got, in.records)
	clear(in.records[:n])
	in.records = in.records[n:]
	if len(in.records) == 0 {
		in.records = nil
	}
	for i := range got {
		in.bytes -= got[i].size()
	}
	in.leftLocked()
	return got
}

package follow

// Records, batches, and acknowledgements.

import (
	"sync"
	"time"
)

// Record is a line, several lines ([Options.Start]), or a piece of either. It stays valid
// until its batch is acknowledged.
type Record struct {
	Path   string // of the log, as the patterns find it: a rest read from PATH.1 has PATH
	Inode  uint64 // of the file, 0 for standard input
	Offset int64  // of Text in the file, or in what the compressed file holds
	Text   []byte // without the last line feed

	// Overlap is how many bytes at the beginning of Text were the end of the piece before.
	Overlap int
	// Continued: the line, or the record of several lines, began in an earlier record.
	Continued bool
	// Cut: the line goes on in the next record (over 1 MiB), or has no end, since the file
	// or the input ended there.
	Cut bool
	// Redelivered: the record may have been handed over before. It is set after a reader
	// ended without a clean stop, for what the files held when this one started.
	Redelivered bool
}

const (
	maxRecords = 64
	batchDelay = 50 * time.Millisecond
	// keptBatches are kept for reuse, each with at most keptBytes of text.
	keptBatches = 8
	keptBytes   = 256 << 10
)

// Batch is up to 64 records, of one file or of several.
type Batch struct {
	Records []Record

	ledger *ledger
	texts  []byte      // of the records; a text stays where it is when texts grows
	files  []*openFile // of the records, until the batch is handed over
	marks  []mark      // how far each file was read
	begun  time.Time   // when the first record came
	acked  bool
}

// mark is how far a content was read when a batch was handed over.
type mark struct {
	content *content
	offset  int64
	tail    tail
}

// Ack says that the results of the batch are safe: a restart goes on behind the batch. The
// batch and its records must not be used afterwards. Ack may be called by any goroutine,
// once.
func (b *Batch) Ack() { b.ledger.ack(b) }

// add appends a record. What r.Text holds is copied.
func (b *Batch) add(r Record, now time.Time) {
	if len(b.Records) == 0 {
		b.begun = now
	}
	at := len(b.texts)
	b.texts = append(b.texts, r.Text...)
	r.Text = b.texts[at:len(b.texts):len(b.texts)]
	b.Records = append(b.Records, r)
}

// full says whether the batch has to go before another record comes.
func (b *Batch) full() bool { return len(b.Records) >= maxRecords || len(b.texts) >= maxText }

// due says whether the first record has waited long enough.
func (b *Batch) due(now time.Time) bool {
	return len(b.Records) > 0 && now.Sub(b.begun) >= batchDelay
}

// ledger has the batches handed over and not acknowledged, in order.
type ledger struct {
	mu     sync.Mutex
	out    []*Batch
	free   []*Batch
	commit func([]mark) // is called with mu held; nil: nothing is kept
}

// waiting tells whether batches wait to be acknowledged.
func (l *ledger) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.out) > 0
}

// fresh returns an empty batch.
func (l *ledger) fresh() *Batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		return b
	}
	return &Batch{ledger: l, Records: make([]Record, 0, maxRecords)}
}

func (l *ledger) handOver(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = append(l.out, b)
}

func (l *ledger) ack(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.acked = true
	n := 0
	for ; n < len(l.out) && l.out[n].acked; n++ {
		if l.commit != nil {
			l.commit(l.out[n].marks)
		}
		l.recycle(l.out[n])
	}
	l.out = append(l.out[:0], l.out[n:]...)
}

func (l *ledger) recycle(b *Batch) {
	if len(l.free) >= keptBatches || cap(b.texts) > keptBytes {
		return
	}
	clear(b.Records)
	clear(b.marks)
	*b = Batch{ledger: l, Records: b.Records[:0], texts: b.texts[:0], files: b.files[:0], marks: b.marks[:0]}
	l.free = append(l.free, b)
}

package fetch

// Fetcher: the worker's side.

import (
	"sort"
	"time"

	"trawl/edge/escape"
	"trawl/edge/release"
	"trawl/edge/wire"
)

const (
	// Timeout is after which time without an answer another broker is asked. Turns makes no
	// worker wait for longer than half of that.
	Timeout = 20 * time.Second
	// again is after which time a broker is asked again for a chunk that was not there, or damaged.
	again = time.Minute
)

// Sink takes the chunks. A workerstore.Incoming is one.
type Sink interface {
	// Next returns the chunk that is wanted next; ok is false when all are there.
	Next() (ref release.ChunkRef, ok bool)
	// Append takes the plain bytes of that chunk.
	Append(plain []byte) error
}

// Fetcher fetches the chunks of one release. It is driven by events; each tells what became of the fetch.
// Not safe for concurrent use.
type Fetcher struct {
	sink Sink
	send func(broker int, f wire.Fetch) bool

	brokers map[int]*broker
	number  uint64 // of the last Fetch
	asked   *asked // nil: nothing is outstanding
	last    int    // the broker asked last, which is asked again while it has what is wanted

	buf      []byte // of the chunk that is being fetched, compressed
	inflater release.Inflater
	ended    bool
	err      error
	reason   string
}

// broker is one that offers the release.
type broker struct {
	// not says until when a broker is not to be asked for a chunk.
	not   map[release.Hash]time.Time
	later time.Time // not to be asked for anything before
}

type asked struct {
	wire.Fetch
	broker int
	at     time.Time
}

// New returns a Fetcher that brings into sink what is wanted. send sends a Fetch to a broker, and
// returns false if that cannot be: then Gone is called for the broker, before or after. first is the
// number before that of the first Fetch: answers to another Fetcher of the connection are not
// taken for answers to this one.
func New(sink Sink, first uint64, send func(broker int, f wire.Fetch) bool) *Fetcher {
	return &Fetcher{sink: sink, send: send, number: first, brokers: make(map[int]*broker), last: -1}
}

// Number is that of the last Fetch, for the next Fetcher.
func (f *Fetcher) Number() uint64 { return f.number }

// Offered says that a broker offers the release, perhaps once more: it may have all chunks now.
func (f *Fetcher) Offered(now time.Time, id int) {
	f.brokers[id] = &broker{not: make(map[release.Hash]time.Time)}
	f.step(now)
}

// Gone says that the connection to a broker has ended, or that the broker offers another release.
func (f *Fetcher) Gone(now time.Time, id int) {
	delete(f.brokers, id)
	if f.asked != nil && f.asked.broker == id {
		f.restart()
	}
	f.step(now)
}

// Tick says that time has passed: see Due.
func (f *Fetcher) Tick(now time.Time) {
	if f.asked != nil && now.Sub(f.asked.at) >= Timeout {
		f.avoid(now, f.asked.broker, f.asked.Chunk)
		f.reason = "a broker does not answer"
		f.restart()
	}
	f.step(now)
}

// Done reports whether the fetch has ended: all chunks are there, or the sink's error.
func (f *Fetcher) Done() (done bool, err error) { return f.ended, f.err }

// Reason says what keeps the fetch, for people; empty: nothing that is known.
func (f *Fetcher) Reason() string { return f.reason }

// Due is when Tick should be called at the latest; zero: nothing happens by itself.
func (f *Fetcher) Due(now time.Time) time.Time {
	if f.ended {
		return time.Time{}
	}
	if f.asked != nil {
		return f.asked.at.Add(Timeout)
	}
	ref, ok := f.sink.Next()
	if !ok {
		return time.Time{}
	}
	var due time.Time
	for _, b := range f.brokers {
		at := b.later
		if not := b.not[ref.Hash]; not.After(at) {
			at = not
		}
		if !at.After(now) {
			at = now.Add(time.Second) // send has failed
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// Part takes an answer of a broker.
func (f *Fetcher) Part(now time.Time, id int, p wire.Part) {
	a := f.asked
	if a == nil || a.broker != id || a.Number != p.Number || a.Offset != p.Offset {
		return // to what is not waited for any more
	}
	f.asked = nil
	b := f.brokers[id]
	switch {
	case len(p.Bytes) == 0 && p.Later > 0:
		b.later = now.Add(p.Later)
		f.buf = f.buf[:0]
		f.reason = "the broker has much to do"
	case len(p.Bytes) == 0:
		f.avoid(now, id, a.Chunk)
		f.buf = f.buf[:0]
		f.reason = "no broker has all chunks: push the release again"
	case len(p.Bytes) > a.Length || len(f.buf)+len(p.Bytes) > release.MaxCompressed:
		f.damaged(now, id, a.Chunk, "more bytes than were asked for")
	default:
		f.buf = append(f.buf, p.Bytes...)
		if p.Last {
			f.take(now, id)
		}
	}
	f.step(now)
}

// take gives a chunk to the sink.
func (f *Fetcher) take(now time.Time, id int) {
	ref, ok := f.sink.Next()
	if !ok {
		return
	}
	plain, err := f.inflater.Inflate(f.buf, ref)
	if err != nil {
		f.damaged(now, id, ref.Hash, err.Error())
		return
	}
	f.buf, f.reason = f.buf[:0], ""
	if err := f.sink.Append(plain); err != nil {
		f.end(err)
	}
}

func (f *Fetcher) damaged(now time.Time, id int, chunk [32]byte, why string) {
	f.avoid(now, id, chunk)
	f.buf = f.buf[:0]
	f.reason = escape.Sprintf("a broker has sent a damaged chunk: %s", why)
}

// avoid does not ask a broker for a chunk for a while.
func (f *Fetcher) avoid(now time.Time, id int, chunk [32]byte) {
	if b := f.brokers[id]; b != nil {
		b.not[release.Hash(chunk)] = now.Add(again)
	}
}

// restart forgets what is there of a chunk.
func (f *Fetcher) restart() { f.asked, f.buf = nil, f.buf[:0] }

func (f *Fetcher) end(err error) {
	f.ended, f.err = true, err
	f.asked, f.buf, f.inflater = nil, nil, release.Inflater{}
}

// step asks for what is wanted next, if nothing is outstanding.
func (f *Fetcher) step(now time.Time) {
	if f.ended || f.asked != nil {
		return
	}
	ref, ok := f.sink.Next()
	if !ok {
		f.end(nil)
		return
	}
	for _, id := range f.order() {
		b := f.brokers[id]
		if b.later.After(now) || b.not[ref.Hash].After(now) {
			continue
		}
		if id != f.last {
			f.buf = f.buf[:0] // another broker may have compressed the chunk in another way
		}
		f.number++
		request := wire.Fetch{Number: f.number, Chunk: ref.Hash, Offset: int64(len(f.buf)), Length: wire.MaxPart}
		f.last = id
		if f.send(id, request) {
			f.asked = &asked{request, id, now}
			return
		}
		f.buf = f.buf[:0]
	}
}

// order lists the brokers: the one that was asked last first.
func (f *Fetcher) order() []int {
	ids := make([]int, 0, len(f.brokers))
	for id := range f.brokers {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool {
		if (ids[i] == f.last) != (ids[j] == f.last) {
			return ids[i] == f.last
		}
		return ids[i] < ids[j]
	})
	return ids
}

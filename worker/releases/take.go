package releases

// Taking a release: memory, chunks, examples, and the release in use.

import (
	"errors"
	"fmt"
	"time"

	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/release/fetch"
	"trawl/edge/release/workerstore"
	"trawl/edge/wire"
)

// lockedPause is how long Run waits while another worker of the board fetches.
const lockedPause = time.Second

// job is a release that is being fetched: one at a time, for all rule sets.
type job struct {
	release *release.Release
	in      *workerstore.Incoming
	fetcher *fetch.Fetcher
	offered map[int]bool // ids of brokers that the fetcher knows
}

// step goes on with what is to be done. due is when to call step again, although nothing happens; zero:
// never.
func (t *Taker) step(now time.Time, reload func(set string)) (due time.Time) {
	for {
		chosen := t.chosen()
		if t.job != nil && !chosen.has(t.job.release) {
			t.abandon() // a higher one is offered, or nobody offers this one any more
		}
		if t.job == nil {
			if len(chosen) == 0 {
				return time.Time{}
			}
			if waits := t.start(chosen[0].Release, reload); waits {
				return now.Add(lockedPause)
			}
			if t.job == nil {
				continue // taken, or marked: look what is next
			}
		}
		t.feed(now)
		done, err := t.job.fetcher.Done()
		if !done {
			if why := t.job.fetcher.Reason(); why != "" {
				t.say(t.job.release.Set, t.job.release, wire.StateFetching, errors.New(why))
			}
			return t.job.fetcher.Due(now)
		}
		t.finish(err, reload)
	}
}

// offers are releases to be taken, in the order of the names of their sets.
type offers []*release.Offer

func (o offers) has(r *release.Release) bool {
	for _, offer := range o {
		if offer.Release.Set == r.Set && offer.Release.Version == r.Version {
			return true
		}
	}
	return false
}

func (t *Taker) chosen() (list offers) {
	for _, name := range t.names {
		if o := t.choose(name); o != nil {
			list = append(list, o)
		}
	}
	return list
}

// start begins to take a release. A release that is on the board already is put in use at once. waits
// reports that another worker of the board is at it.
func (t *Taker) start(r *release.Release, reload func(set string)) (waits bool) {
	st, err := t.store.Find(r.Set, r.Version)
	if err == nil && st != nil {
		t.use(st, reload)
		return false
	}
	if why := t.tooLarge(r); why != nil {
		t.fail(r, wire.StateRefused, why)
		return false
	}
	in, err := t.store.Begin(r)
	switch {
	case errors.Is(err, workerstore.ErrLocked):
		return true
	case err != nil:
		t.failed(r, err)
		return false
	}
	t.say(r.Set, r, wire.StateFetching, nil)
	t.job = &job{release: r, in: in, offered: make(map[int]bool)}
	t.job.fetcher = fetch.New(in, t.number, t.send)
	return false
}

// tooLarge says why a release does not fit into the memory that is left; nil: it does, or nobody knows.
func (t *Taker) tooLarge(r *release.Release) error {
	compiles := r.Pack.Format != match.FormatVersion
	needed, free := r.Pack.Memory.Needed(t.options.Slots, compiles), t.options.Free()
	const most32 = 256 << 20 // of a pack that 32 bits of addresses have room for beside the one in use
	switch {
	case !is64Bit && r.Pack.Memory.Pack > most32:
		return fmt.Errorf("its pack has %s, and a program of 32 bits takes %s at most", human.Bytes(r.Pack.Memory.Pack), human.Bytes(most32))
	case free > 0 && needed > free:
		return fmt.Errorf("takes %s of memory, %s are free: release fewer rules, or use fewer slots; trawl rules retry tries again", human.Bytes(needed), human.Bytes(free))
	}
	return nil
}

const is64Bit = ^uint(0)>>63 == 1

// failed marks a release that could not be fetched, checked or loaded.
func (t *Taker) failed(r *release.Release, err error) {
	if workerstore.IsFull(err) {
		t.fail(r, wire.StateRefused, fmt.Errorf("no room on the card: %w; make room, then trawl rules retry", err))
		return
	}
	t.fail(r, wire.StateFailed, err)
}

// send sends a fetch to the broker with an id.
func (t *Taker) send(id int, f wire.Fetch) bool {
	t.mu.Lock()
	var send func(control, body []byte) error
	for _, b := range t.brokers {
		if b.id == id {
			send = b.send
		}
	}
	t.mu.Unlock()
	return send != nil && send(f.Append(nil), nil) == nil
}

// feed tells the fetcher which brokers there are and what they have sent.
func (t *Taker) feed(now time.Time) {
	j := t.job
	offered, parts := make(map[int]bool), make(map[int]wire.Part)
	t.mu.Lock()
	for _, b := range t.brokers {
		if o, ok := b.offers[j.release.Set]; ok && o.Release.Version == j.release.Version {
			offered[b.id] = true
		}
		if b.part != nil {
			parts[b.id], b.part = *b.part, nil
		}
	}
	t.mu.Unlock()
	for id := range j.offered {
		if !offered[id] {
			j.fetcher.Gone(now, id)
		}
	}
	for id := range offered {
		if !j.offered[id] {
			j.fetcher.Offered(now, id)
		}
	}
	j.offered = offered
	for id, p := range parts {
		j.fetcher.Part(now, id, p)
	}
	j.fetcher.Tick(now)
	t.number = j.fetcher.Number()
}

// abandon ends the fetch; what is there stays for the next.
func (t *Taker) abandon() {
	if t.job != nil {
		t.job.in.Close()
		t.job = nil
	}
}

// finish checks a release that is whole and puts it in use.
func (t *Taker) finish(err error, reload func(set string)) {
	j := t.job
	defer t.abandon()
	if err == nil {
		err = t.check(j)
	}
	if err != nil {
		t.failed(j.release, err)
		return
	}
	st, err := j.in.Commit()
	if err != nil {
		t.failed(j.release, err)
		return
	}
	t.use(st, reload)
}

// check compiles the sources if the worker's packs have another format, and runs the examples.
func (t *Taker) check(j *job) error {
	t.say(j.release.Set, j.release, wire.StateChecking, nil)
	sources := j.in.Sources()
	var err error
	if j.in.Compiles() {
		err = j.in.Compile(func(path string) error { return t.options.Compile(j.release.Set, sources, path) })
	}
	if err == nil && len(sources) > 0 {
		err = t.options.Test(sources)
	}
	if err != nil {
		err = errors.Join(err, j.in.Discard())
	}
	return err
}

// use puts a release in use that is on the board. The process may end by that: the store knows then.
func (t *Taker) use(st *workerstore.Stored, reload func(set string)) {
	r := st.Release
	if why := t.tooLarge(r); why != nil {
		t.fail(r, wire.StateRefused, why)
		return
	}
	t.say(r.Set, r, wire.StateLoading, nil)
	err := t.compileStored(&st)
	if err == nil {
		err = t.store.Use(st)
	}
	if err != nil {
		t.failed(r, err)
		return
	}
	t.mu.Lock()
	s := t.sets[r.Set]
	s.next = st
	t.mu.Unlock()
	reload(r.Set)
	t.mu.Lock()
	isUsed := s.inUse == st
	s.next = nil
	t.mu.Unlock()
	if !isUsed {
		_ = t.store.End(r.Set) // the failure is no crash
		t.fail(r, wire.StateFailed, errors.New("its pack cannot be opened: the worker's log says why"))
		return
	}
	t.say(r.Set, r, wire.StateActive, nil)
}

// compileStored compiles the sources of a release that has no pack of the program's format.
func (t *Taker) compileStored(st **workerstore.Stored) (err error) {
	if (*st).Pack != "" {
		return nil
	}
	made, err := t.store.Compile(*st, func(path string) error {
		return t.options.Compile((*st).Release.Set, (*st).Sources, path)
	})
	if err == nil {
		*st = made
	}
	return err
}

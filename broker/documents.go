package broker

// Documents: what workers say of themselves is kept for as long as they are connected. It
// counts against limits.memory, and takes half of that at most.

import (
	"crypto/sha256"
	"sync"
	"unsafe"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// targetCost is what a rule set is taken to cost beside its description, in bytes: its
// target with its queue.
const targetCost = 1 << 10

// documents counts what workers have said. Rule sets that several workers describe alike, as
// the boards of a fleet mostly do, are kept once.
type documents struct {
	budget *zmtp.Budget
	most   int64 // bytes

	mu    sync.Mutex
	held  int64
	rules map[[sha256.Size]byte]*sharedRules
}

// sharedRules are rule sets that some workers serve. They do not change.
type sharedRules struct {
	sets  []wire.ServedRules
	cost  int64
	users int
}

// document is what one worker has said. A nil one counts nothing. It is for the
// goroutine that serves the worker.
type document struct {
	all   *documents
	hello int64 // bytes of what is not rule sets
	rules [sha256.Size]byte
	costs int64
}

func newDocuments(budget *zmtp.Budget, memory int64) *documents {
	return &documents{budget: budget, most: memory / 2, rules: make(map[[sha256.Size]byte]*sharedRules)}
}

// take counts a hello, whose rule sets it may exchange for equal ones; nil if there is no
// memory for it.
func (d *documents) take(h *wire.Hello) *document {
	c := &document{all: d, hello: int64(len(h.Protocol)+len(h.Version)+len(h.Name)+len(h.Nonce)) + int64(cap(h.Board))}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.hold(c.hello) {
		return nil
	}
	sets, ok := d.share(&c.rules, h.Rules)
	if !ok {
		d.hold(-c.hello)
		return nil
	}
	h.Rules = sets
	return c
}

// update counts other rule sets in place of those before, and returns them or equal
// ones; false if there is no memory for them.
func (c *document) update(sets []wire.ServedRules) ([]wire.ServedRules, bool) {
	if c == nil {
		return sets, true
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	before := c.rules
	sets, ok := c.all.share(&c.rules, sets)
	if ok {
		c.all.unshare(before)
	}
	return sets, ok
}

// noteCosts counts costs of regexes in a frame of n bytes in place of those before; false
// if there is no memory for them.
func (c *document) noteCosts(n int) bool {
	if c == nil {
		return true
	}
	const parsed = 2 // times the frame
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if !c.all.hold(parsed*int64(n) - c.costs) {
		return false
	}
	c.costs = parsed * int64(n)
	return true
}

// release is for a worker that is gone, or was not let in.
func (c *document) release() {
	if c == nil {
		return
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.all.hold(-c.hello - c.costs)
	c.all.unshare(c.rules)
}

// share counts sets under a key that it makes, if nobody has said the same before.
func (d *documents) share(key *[sha256.Size]byte, sets []wire.ServedRules) ([]wire.ServedRules, bool) {
	k := sha256.Sum256(wire.JSONFrame(&wire.Update{Rules: sets}))
	shared := d.rules[k]
	if shared == nil {
		shared = &sharedRules{sets: sets}
		for i := range sets {
			s := &sets[i]
			shared.cost += int64(unsafe.Sizeof(*s)) + int64(len(s.Name)+len(s.Hash)+len(s.Engine)+len(s.Scan)) + targetCost
			if s.FailedReload != nil {
				shared.cost += int64(len(s.FailedReload.Error))
			}
		}
		if !d.hold(shared.cost) {
			return nil, false
		}
		d.rules[k] = shared
	}
	shared.users++
	*key = k
	return shared.sets, true
}

func (d *documents) unshare(key [sha256.Size]byte) {
	shared := d.rules[key]
	if shared.users--; shared.users == 0 {
		d.hold(-shared.cost)
		delete(d.rules, key)
	}
}

// count is hold for who does not hold d.mu.
func (d *documents) count(n int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hold(n)
}

// hold counts n more bytes; false if that is too much, and then nothing is counted. Less
// always fits.
func (d *documents) hold(n int64) bool {
	if n > 0 && d.held+n > d.most {
		return false
	}
	d.held += n
	d.budget.Hold(n)
	return true
}

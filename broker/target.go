package broker

// Targets: what a request may be addressed to.

import (
	"strings"
	"time"

	"trawl/edge/wire"
)

// targetKey names a target: a rule set, one pack of a rule set (name@hash, with the
// first digits of the hash, see packKey), or a worker.
type targetKey struct {
	worker bool
	name   string
}

// packDigits is how many digits of a pack's hash a target is found by; requests give at
// least so many. The others are compared.
const packDigits = 12

// packKey is the key of a pack; hash has at least packDigits digits, or the pack cannot be
// asked for.
func packKey(name, hash string) targetKey {
	return targetKey{name: name + "@" + hash[:min(len(hash), packDigits)]}
}

// keyOf is the key of a rule set, by name or name@hash.
func keyOf(rules string) (k targetKey, hash string) {
	name, hash := wire.SplitRules(rules)
	if hash == "" {
		return targetKey{name: rules}, ""
	}
	return packKey(name, hash), hash
}

// target is such an address: the crews that can serve it now, and the
// requests that wait for one of them. The router's lock guards it.
type target struct {
	key      targetKey
	hash     string      // of a pack: as many of its digits as are known
	rules    RulePolicy  // how its requests are treated; of a worker: the defaults
	seen     bool        // a worker served it once
	guessed  bool        // it was made while booting, and nobody has served it; it counts guessCost
	expected bool        // the configuration names it
	replaced bool        // whoever served it serves other rules now
	crews    []*crewLink // of a rule set or a pack: who serves it
	next     int         // where in crews to look first, if there are very many
	worker   *worker     // of a worker's name: that worker; nil: not connected
	queue    queue
	latency  *histogram // from arrival to answer; nil until the first answer
	hedge    hedge

	busyAt   int // in router.busy; none: nothing waits
	filling  filling
	inHedged link[target]
	inList   link[target] // of router.guesses or router.gone
}

// known: requests wait for it until their deadline.
func (t *target) known() bool { return t.seen || t.expected }

// served reports whether a worker is connected that serves t.
func (t *target) served() bool { return t.worker != nil || len(t.crews) > 0 }

// isPack reports whether t stands for the pack with that hash.
func (t *target) isPack(hash string) bool {
	return t.hash != "" && (strings.HasPrefix(hash, t.hash) || strings.HasPrefix(t.hash, hash))
}

// crewsVisited is the most crews that are looked at for one request. There is a crew for
// each list of packs, so only a fleet of more boards than that, each with rules of its
// own, has more.
const crewsVisited = 128

// eachCrew calls f for the crews that serve t, at which pick looks next, until that says stop.
func (r *router) eachCrew(t *target, f func(*crew) (stop bool)) {
	n := len(t.crews)
	for i := range min(n, crewsVisited) {
		r.visit(1)
		if f(t.crews[(t.next+i)%n].crew) {
			return
		}
	}
}

// turnCrews makes the crews that were not looked at the next ones.
func (t *target) turnCrews() {
	if n := len(t.crews); n > crewsVisited {
		t.next = (t.next + crewsVisited) % n
	}
}

// pick returns the worker that should do q: of those that have room, the one
// with the least outstanding per slot, among equals the longest idle; not the one that
// has it already, nor one that has failed it. Nil if none has room, or if the critical
// section is exhausted.
func (r *router) pick(q *request, now time.Time) *worker {
	return r.pickBut(q, q.at[0].worker, now)
}

// pickBut is pick for a request that has one worker at most, which is but or nil.
func (r *router) pickBut(q *request, but *worker, now time.Time) (best *worker) {
	if but == nil && q.avoid != nil && r.others(q, q.avoid) {
		but = q.avoid
	}
	if w := q.target.worker; w != nil {
		if w == but || !w.hasRoom() || w.crowded() && !q.isSub() || w.silent(now) || w.plain && q.needsTrawl() {
			return nil
		}
		return w
	}
	t, trawl, nested := q.target, q.needsTrawl(), q.isSub()
	n := len(t.crews)
	for i := range min(n, crewsVisited) { // as eachCrew does
		c := t.crews[(t.next+i)%n].crew
		if c.plain && trawl {
			continue
		}
		w := r.best(&c.ready, but, now)
		if w == nil && nested {
			w = r.best(&c.crowded, but, now)
		}
		if w != nil && (best == nil || w.lessLoaded(best)) {
			best = w
		}
	}
	r.visit(min(n, crewsVisited))
	t.turnCrews()
	return best
}

// others reports whether a worker but w could do q, now or later.
func (r *router) others(q *request, w *worker) (others bool) {
	if q.target.key.worker {
		return false
	}
	r.eachCrew(q.target, func(c *crew) bool {
		n := c.workers - c.failing.n - c.draining
		if c == w.crew && !w.draining && !w.failing() {
			n--
		}
		others = n > 0 && !(c.plain && q.needsTrawl())
		return others
	})
	return others
}

// onlyPlain reports whether t has workers, but none that understands headers.
func (r *router) onlyPlain(t *target) bool {
	if t.worker != nil {
		return t.worker.plain
	}
	only := len(t.crews) > 0
	r.eachCrew(t, func(c *crew) bool {
		only = only && c.plain
		return !only
	})
	return only
}

// draining reports whether t is a worker that is connected but takes nothing
// new.
func (t *target) draining() bool { return t.worker != nil && t.worker.draining }

// what says what t is, for messages.
func (t *target) what() string {
	if t.key.worker {
		return "worker"
	}
	return "rule set"
}

// unknown is the answer to requests for a target that nobody knows.
func (t *target) unknown() *wire.Error {
	if t.key.worker {
		return wire.Errorf(wire.UnknownWorker, "no worker named %q was ever connected to this broker; `trawl workers` lists those that are", t.key.name)
	}
	return wire.Errorf(wire.UnknownRules, "no worker ever served the rule set %q to this broker; `trawl status` lists those served", t.key.name)
}

// leaving is the answer to requests for a worker that takes nothing new.
func (t *target) leaving() *wire.Error {
	return wire.Errorf(wire.Draining, "worker %q is draining and takes nothing new; ask another one, or this one again when it is back", t.key.name)
}

// timeout is the answer to a request whose deadline passed while it waited.
func (r *router) timeout(q *request, now time.Time) *wire.Error {
	t := q.target
	switch {
	case t.worker != nil && t.worker.silent(now):
		return wire.Errorf(wire.Deadline, "the deadline passed while the request waited for worker %q, which is connected but has not answered anything for %v", t.key.name, now.Sub(t.worker.progress).Round(time.Second))
	case t.served() && !(q.needsTrawl() && r.onlyPlain(t)):
		return wire.Errorf(wire.Deadline, "the deadline passed while the request waited for a worker")
	case t.key.worker:
		return wire.Errorf(wire.NoWorker, "worker %q is not connected; the request waited for it until its deadline", t.key.name)
	}
	return wire.Errorf(wire.NoWorker, "no worker that serves %q is connected; the request waited for one until its deadline (start one: trawl worker --rules)", t.key.name)
}

// answered notes how long a request took.
func (t *target) answered(q *request, now time.Time) {
	if t.key.worker {
		return
	}
	if t.latency == nil {
		t.latency = new(histogram)
	}
	t.latency.observe(now.Sub(q.arrived))
	t.hedge.answered(q, now)
}

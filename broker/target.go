package broker

import (
	"slices"
	"time"

	"trawl/edge/wire"
)

// targetKey names what a request may be addressed to: a rule set, one pack of
// a rule set (name@hash), or a worker.
type targetKey struct {
	worker bool
	name   string
}

// target is such an address: the workers that can serve it now, and the
// requests that wait for one of them. The router's lock guards it.
type target struct {
	key      targetKey
	rules    RuleSet   // how its requests are treated; of a worker: the defaults
	seen     bool      // a worker served it once
	expected bool      // the configuration names it
	replaced bool      // whoever served it serves other rules now
	left     time.Time // when the last worker did, if there is none
	workers  []*worker
	queue    queue
	latency  *histogram // from arrival to answer; nil until the first answer
	hedge    hedge
}

// known: requests wait for it until their deadline.
func (t *target) known() bool { return t.seen || t.expected }

// serves reports whether w is one of t's workers.
func (t *target) serves(w *worker) bool {
	if t.key.worker {
		return w.name == t.key.name
	}
	return w.serves(t.key.name)
}

func (t *target) remove(w *worker) {
	t.workers = slices.DeleteFunc(t.workers, func(x *worker) bool { return x == w })
}

// pick returns the worker that should do r: of those that have room, the one
// with the least outstanding per slot, among equals the longest idle. One that
// has it already is none. Nil if none has room.
func (t *target) pick(r *request, now time.Time) *worker {
	var best *worker
	needsTrawl := r.needsTrawl()
	for _, w := range t.workers {
		if !w.hasRoom(now) || needsTrawl && w.plain || r.heldBy(w) || !r.nestedIn() && w.crowded() {
			continue
		}
		if best == nil || w.lessLoaded(best) {
			best = w
		}
	}
	return best
}

// onlyPlain reports whether t has workers, but none that understands headers.
func (t *target) onlyPlain() bool {
	for _, w := range t.workers {
		if !w.plain {
			return false
		}
	}
	return len(t.workers) > 0
}

// draining reports whether t is a worker that is connected but takes nothing
// new.
func (t *target) draining() bool {
	return t.key.worker && len(t.workers) > 0 && t.workers[0].draining
}

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
func (t *target) timeout(r *request, now time.Time) *wire.Error {
	switch {
	case t.key.worker && len(t.workers) > 0 && t.workers[0].silent(now):
		return wire.Errorf(wire.Deadline, "the deadline passed while the request waited for worker %q, which is connected but has not answered anything for %v", t.key.name, now.Sub(t.workers[0].progress).Round(time.Second))
	case len(t.workers) > 0 && !(r.needsTrawl() && t.onlyPlain()):
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

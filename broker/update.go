package broker

import (
	"errors"
	"slices"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// This file holds the part of the router that workers change their rules in.

// parseUpdate reads an update, with the bounds of a hello.
func parseUpdate(m zmtp.Message) ([]wire.RuleSet, error) {
	if m.NumFrames() < 2 {
		return nil, errors.New("an update of rules of one frame; two are expected")
	}
	var u wire.Update
	if err := readJSON("update of rules", m.Frame(1), &u); err != nil {
		return nil, errors.New(err.Message)
	}
	if err := checkRules(u.Rules); err != nil {
		return nil, errors.New(err.Message)
	}
	return u.Rules, nil
}

// update notes what w serves from now on. What it has it may finish. Requests for
// a pack that it does not serve any more wait for others that do; if there are
// none, they are answered.
func (r *router) update(w *worker, rules []wire.RuleSet, out *batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.settle(out)
	if _, ok := r.workers[w]; !ok {
		return
	}
	w.hello.Rules, w.rulesAt = rules, out.now()
	for i := range rules {
		r.target(targetKey{name: rules[i].Name})
	}
	for _, t := range r.targets {
		serves, linked := t.serves(w), slices.Contains(t.workers, w)
		switch {
		case serves && !linked:
			r.link(t, w)
		case !serves && linked:
			r.unlink(t, w, out)
		}
	}
	r.pump(w, out)
}

// unlink is for a worker that does not serve t any more. What the last one has
// replaced is not waited for as if that were lost: nobody means to bring it back,
// unless the configuration expects it. So names that come and go cost no memory.
func (r *router) unlink(t *target, w *worker, out *batch) {
	t.remove(w)
	w.targets = slices.DeleteFunc(w.targets, func(o *target) bool { return o == t })
	if t.expected || len(t.workers) > 0 {
		return
	}
	t.seen, t.replaced = false, true
	for q := t.queue.any(); q != nil; q = t.queue.any() {
		r.fail(q, t.replacedError(), out)
	}
	r.forget(t)
}

// replacedError is the answer to requests for what was replaced.
func (t *target) replacedError() *wire.Error {
	return wire.Errorf(wire.UnknownRules, "the last worker that served %q has loaded other rules; `trawl status` lists those served", t.key.name)
}

// elsewhere gives q, which w has refused or failed, to a worker that still serves
// what q asks for, if w does not any more: its update said so before this answer.
// False: q is to be answered with what w said.
func (r *router) elsewhere(q *request, w *worker, out *batch) bool {
	t := q.target
	if t.key.worker || w.serves(t.key.name) {
		return false
	}
	if q.held() { // a copy; its answer will be the answer
		return true
	}
	if t.rules.Impure || len(t.workers) == 0 {
		return false
	}
	q.inHedge.remove()
	r.retried++
	r.again([]*request{q}, out)
	return true
}

// rules is what w serves, for status: with ages that count until now.
func (w *worker) rules(now time.Time) []wire.RuleSet {
	rules := slices.Clone(w.hello.Rules)
	for i := range rules {
		if f := rules[i].FailedReload; f != nil {
			aged := *f
			aged.AgeS += int64(now.Sub(w.rulesAt) / time.Second)
			rules[i].FailedReload = &aged
		}
	}
	return rules
}

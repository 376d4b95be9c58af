package broker

// Router: workers that announce other rules.

import (
	"errors"
	"slices"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// parseUpdate reads an update, with the bounds of a hello.
func parseUpdate(m zmtp.Message) ([]wire.ServedRules, error) {
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
func (r monitor) update(w *worker, rules []wire.ServedRules, out *batch) {
	packs, key := packNames(rules)
	r.lock()
	defer r.leave(out)
	if w.crew == nil {
		return
	}
	w.hello.Rules, w.rulesAt = rules, out.now()
	if key != w.packKey {
		before := r.quit(w)
		w.packs, w.packKey = packs, key
		r.enlist(w)
		// After that, so that what both serve is served throughout. What can only not be read for
		// now is waited for.
		r.disband(before, !slices.ContainsFunc(rules, func(s wire.ServedRules) bool { return s.Unreadable }))
	}
	r.fillWorker(w, out)
}

// replacedError is the answer to requests for what was replaced.
func (t *target) replacedError() *wire.Error {
	return wire.Errorf(wire.UnknownRules, "the last worker that served %q has loaded other rules; `trawl status` lists those served", t.key.name)
}

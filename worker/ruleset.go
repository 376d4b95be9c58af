package worker

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// ruleSet is a rule set and the pack that it is at present. Packs can be maps
// of a file: when that fails under a scan the pack is loaded again.
type ruleSet struct {
	name string
	pack atomic.Pointer[match.Pack]

	reloading sync.Mutex
	failed    time.Time // when loading again failed last; with reloading held
}

// reloadPause is how long after a failure the next try has to wait.
const reloadPause = 5 * time.Second

// findSet finds a rule set and its pack, by name or name@hash.
func (w *state) findSet(rules string) (*ruleSet, *match.Pack, *wire.Error) {
	name, hash := wire.SplitRules(rules)
	if set := w.sets[name]; set != nil {
		if pack := set.pack.Load(); strings.HasPrefix(pack.Hash(), hash) {
			return set, pack, nil
		}
	}
	return nil, nil, wire.Errorf(wire.UnknownRules, "worker %q does not serve %q", w.options.Name, rules)
}

// reload puts another pack in the place of lost, whose file cannot be read any
// more, unless somebody has or is about to. The lost one stays open: other slots
// may be on their way through it.
func (w *state) reload(set *ruleSet, lost *match.Pack) {
	if !set.reloading.TryLock() {
		return
	}
	defer set.reloading.Unlock()
	log := w.options.Log.With("set", set.name)
	if set.pack.Load() != lost || time.Since(set.failed) < reloadPause {
		return
	}
	if w.options.Reload == nil {
		set.failed = time.Now()
		log.Error("the pack's file cannot be read any more; restart the worker")
		return
	}
	pack, err := w.options.Reload(set.name)
	if err != nil {
		set.failed = time.Now()
		log.Error("the pack's file cannot be read any more, nor loaded again; see to the disk and the rules, then restart the worker", "error", err)
		return
	}
	set.pack.Store(pack)
	log.Warn("the pack's file could not be read any more: loaded again", "rules", wire.RulesName(set.name, pack.Hash()))
	if pack.Hash() != lost.Hash() { // its rules have changed meanwhile: say so
		for _, l := range w.links {
			l.again()
		}
	}
}

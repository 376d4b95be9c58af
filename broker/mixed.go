package broker

// Rule sets that plain and trawl workers serve together: clients get two forms of
// answers in turn.

import (
	"log/slog"
	"slices"
	"sync"

	"trawl/edge/wire"
)

// mixture knows which kinds of workers serve a rule set. The zero value is ready for
// use, by any goroutine.
type mixture struct {
	mu    sync.Mutex
	serve map[*worker][]string // names of rule sets, as they were noted
	count map[string]*[2]int   // workers of a rule set: trawl, plain
}

func kindOf(w *worker) int {
	if w.plain {
		return 1
	}
	return 0
}

// note notes what a worker serves, in place of what was noted before; without names it
// is gone. A rule set that has both kinds from now on is logged.
func (m *mixture) note(log *slog.Logger, w *worker, names []string) {
	m.mu.Lock()
	var mixed []string
	if m.serve == nil {
		m.serve, m.count = make(map[*worker][]string), make(map[string]*[2]int)
	}
	kind := kindOf(w)
	before := m.serve[w]
	for _, name := range names {
		n := m.count[name]
		if n == nil {
			n = new([2]int)
			m.count[name] = n
		}
		if n[kind]++; n[kind] == 1 && n[1-kind] > 0 && !slices.Contains(before, name) {
			mixed = append(mixed, name)
		}
	}
	for _, name := range before {
		n := m.count[name]
		if n[kind]--; *n == [2]int{} {
			delete(m.count, name)
		}
	}
	if m.serve[w] = names; len(names) == 0 {
		delete(m.serve, w)
	}
	m.mu.Unlock()
	for _, name := range mixed {
		log.Warn("plain and trawl workers serve one rule set: clients get two forms of answers in turn; give the plain ones a rule set of their own with broker.plain", "rules", name)
	}
}

// is reports whether both kinds serve a rule set.
func (m *mixture) is(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.count[name]
	return n != nil && n[0] > 0 && n[1] > 0
}

// mark marks those of a status document.
func (m *mixture) mark(sets []wire.RuleSetStatus) {
	for i := range sets {
		sets[i].Mixed = m.is(sets[i].Name)
	}
}

// namesOf are the names of rule sets, each once.
func namesOf(rules []wire.ServedRules) []string {
	names := make([]string, 0, len(rules))
	for i := range rules {
		names = append(names, rules[i].Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

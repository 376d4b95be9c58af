package worker

// How often each rule of a pack has matched: matches that answers list, of all slots together.

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/worker/results"
)

// ruleMatches counts the matches of a pack's rules, since the worker opened the pack. Its memory goes
// by the rules that have matched: a page of 8 KiB for each thousand of which one has.
type ruleMatches struct {
	mu      sync.Mutex
	pages   []*[matchesPage]uint64 // by rule
	matched int                    // rules that have a count

	ids map[uint32]string // of rules that were among the most frequent; at most maxKnownIDs
}

const (
	matchesPage = 1024
	maxKnownIDs = 1024
)

// add adds what a slot has counted for an answer.
func (m *ruleMatches) add(t *results.Tally) {
	if t.Empty() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.Take(func(rule, n uint32) {
		page := int(rule / matchesPage)
		if page >= len(m.pages) {
			m.pages = append(m.pages, make([]*[matchesPage]uint64, page+1-len(m.pages))...)
		}
		if m.pages[page] == nil {
			m.pages[page] = new([matchesPage]uint64)
		}
		count := &m.pages[page][rule%matchesPage]
		if *count == 0 {
			m.matched++
		}
		*count += uint64(n)
	})
}

// ruleCount is a rule and its matches.
type ruleCount struct {
	rule    uint32
	matches uint64
}

// most returns the rules with the most matches, at most n, and how many rules have matched. The most
// frequent one is first; of equal ones the one with the lower number.
func (m *ruleMatches) most(n int) (list []ruleCount, matched int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := func(a, b ruleCount) int {
		return cmp.Or(cmp.Compare(b.matches, a.matches), cmp.Compare(a.rule, b.rule))
	}
	for i, page := range m.pages {
		if page == nil {
			continue
		}
		for j, count := range page {
			c := ruleCount{uint32(i*matchesPage + j), count}
			switch {
			case count == 0 || len(list) >= n && n <= fewRules && before(list[len(list)-1], c) < 0:
				continue
			case n > fewRules:
				list = append(list, c)
				continue
			}
			at, _ := slices.BinarySearchFunc(list, c, before)
			if list = slices.Insert(list, at, c); len(list) > n {
				list = list[:n]
			}
		}
	}
	if n > fewRules {
		sort.Slice(list, func(i, j int) bool { return before(list[i], list[j]) < 0 })
		list = list[:min(n, len(list))]
	}
	return list, m.matched
}

// fewRules is up to how many rules are kept in order while the others are looked at.
const fewRules = 64

// report is what goes with a heartbeat: the most frequent rules, by their ids.
func (m *ruleMatches) report(pack *match.Pack) (list []wire.RuleMatches, matched int) {
	most, matched := m.most(wire.MaxRuleMatches)
	m.mu.Lock()
	defer m.mu.Unlock()
	var unknown []uint32
	for _, c := range most {
		if _, ok := m.ids[c.rule]; !ok {
			unknown = append(unknown, c.rule)
		}
	}
	if m.ids == nil || len(m.ids)+len(unknown) > maxKnownIDs {
		m.ids = make(map[uint32]string)
		unknown = unknown[:0]
		for _, c := range most {
			unknown = append(unknown, c.rule)
		}
	}
	for i, id := range pack.IDs(unknown) {
		m.ids[unknown[i]] = string([]byte(truncate(id, wire.MaxCostRule))) // a copy: the id may lie in the pack
	}
	for _, c := range most {
		list = append(list, wire.RuleMatches{Rule: m.ids[c.rule], Matches: c.matches})
	}
	return list, matched
}

// all returns the matches of as many rules as fit into about size bytes, those that never matched
// last. omitted says how many did not fit.
func (m *ruleMatches) all(pack *match.Pack, size int) (list []wire.RuleMatches, matched, omitted int) {
	const least = len(`{"rule":"a","matches":0},`)
	rules := pack.NumRules()
	room := min(rules, size/least)
	most, matched := m.most(max(room, fewRules+1))
	most = most[:min(len(most), room)]
	if len(most) == matched { // there is room for others
		seen := make(map[uint32]bool, len(most))
		for _, c := range most {
			seen[c.rule] = true
		}
		for rule := uint32(0); len(most) < room && int(rule) < rules; rule++ {
			if !seen[rule] {
				most = append(most, ruleCount{rule: rule})
			}
		}
	}
	numbers := make([]uint32, len(most))
	for i := range most {
		numbers[i] = most[i].rule
	}
	used := 0
	for i, id := range pack.IDs(numbers) {
		if used += least + 20 + len(wire.AppendString(nil, id)); used > size {
			break
		}
		list = append(list, wire.RuleMatches{Rule: string([]byte(id)), Matches: most[i].matches})
	}
	return list, matched, rules - len(list)
}

// ruleMatches answers the job with the matches of all rules.
func (s *slot) ruleMatches(h *wire.RequestHeader) {
	w, pack := s.worker, s.pack.Pack
	a := wire.AllRuleMatches{Source: w.sets.id, Rules: pack.NumRules()}
	a.Matches, a.Matched, a.Omitted = s.pack.matches.all(pack, int(w.options.Limits.Answer))
	w.succeed(s.e, h, &wire.AnswerHeader{Rules: s.pack.name}, [][]byte{wire.JSONFrame(&a)})
}

package match

// The matches of a text: collected from passes, each of which gives matches in order; limited; and
// brought into one order.

import (
	"cmp"
	"slices"
)

// results collects the matches of the current text.
type results struct {
	want        Want
	limit       int     // matches taken from a single pass: the exact or folded literals, or a regex; 0: no limit
	matches     []Match // of each pass in order
	longMatches []Match // of literals over 255 bytes: found before their end, so in no order
	rules       []uint32
	count       int64
	any         bool

	numRules int
	seen     []uint32 // per rule: the round in which it was reported last
	round    uint32

	counts []uint32 // scratch memory of sort
	spare  []Match
}

// reset forgets the matches. limit is how many matches the result may have; 0: any number.
func (r *results) reset(want Want, limit int) {
	r.want, r.limit = want, 0
	switch {
	case want == WantFirst:
		r.limit = 1
	case limit > 0 && (want == WantMatches || want == WantRules):
		r.limit = limit + 1 // one more tells that there are more
	}
	r.matches, r.longMatches, r.rules = r.matches[:0], r.longMatches[:0], r.rules[:0]
	r.count, r.any = 0, false
	if want == WantRules {
		r.nextRound()
	}
}

// nextRound makes every rule count as not reported.
func (r *results) nextRound() {
	if r.seen == nil {
		r.seen = make([]uint32, r.numRules)
	}
	if r.round++; r.round == 0 {
		clear(r.seen)
		r.round = 1
	}
}

// firstInRound says whether the rule was not reported in this round, and notes that it is now.
func (r *results) firstInRound(rule uint32) bool {
	if r.seen[rule] == r.round {
		return false
	}
	r.seen[rule] = r.round
	return true
}

// unlimited says whether every match is wanted, however many there are.
func (r *results) unlimited() bool { return r.limit == 0 && r.want != WantAny }

// add takes a match from a pass giving matches in order.
func (r *results) add(m Match) {
	r.any = true
	switch r.want {
	case WantCount:
		r.count++
		return
	case WantAny:
		return
	case WantRules:
		if !r.firstInRound(m.Rule) {
			return
		}
	}
	r.matches = append(r.matches, m)
}

// addLong takes a match of a long literal.
func (r *results) addLong(m Match) {
	r.any = true
	switch r.want {
	case WantCount:
		r.count++
		return
	case WantAny:
		return
	}
	r.longMatches = append(r.longMatches, m)
	if r.limit > 0 && len(r.longMatches) > 2*r.limit+64 {
		r.trimLong()
	}
}

// trimLong drops the long matches that the result cannot need.
func (r *results) trimLong() {
	if r.want == WantRules {
		slices.SortFunc(r.longMatches, func(a, b Match) int {
			return cmp.Or(cmp.Compare(a.Rule, b.Rule), compareMatches(a, b))
		})
		r.longMatches = slices.CompactFunc(r.longMatches, func(a, b Match) bool { return a.Rule == b.Rule })
	}
	slices.SortFunc(r.longMatches, compareMatches)
	r.longMatches = r.longMatches[:min(len(r.longMatches), r.limit)]
}

// finish brings the matches of all passes into one order, and applies the limit.
func (r *results) finish() Result {
	result := Result{Any: r.any, Count: r.count}
	r.matches = append(r.matches, r.longMatches...)
	if !inOrder(r.matches) {
		r.sort()
	}
	if r.want == WantRules && len(r.longMatches) > 0 {
		r.nextRound()
		r.matches = slices.DeleteFunc(r.matches, func(m Match) bool { return !r.firstInRound(m.Rule) })
	}
	if r.limit > 0 && r.want != WantFirst && len(r.matches) >= r.limit {
		r.matches = r.matches[:r.limit-1]
		result.Truncated = true
	}
	switch r.want {
	case WantFirst:
		result.Matches = r.matches[:min(1, len(r.matches))]
		result.Count = int64(len(result.Matches))
	case WantMatches:
		result.Matches = r.matches
		result.Count = int64(len(result.Matches))
	case WantRules:
		result.Matches = r.matches
		for _, m := range r.matches {
			r.rules = append(r.rules, m.Rule)
		}
		result.Rules = r.rules
		result.Count = int64(len(result.Rules))
	}
	return result
}

// compareMatches is the order in which matches are reported: by end, start, rule.
func compareMatches(a, b Match) int {
	if c := cmp.Compare(a.End, b.End); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Start, b.Start); c != 0 {
		return c
	}
	return cmp.Compare(a.Rule, b.Rule)
}

// inOrder says whether matches are in the order in which they are reported. Most lists are.
func inOrder(matches []Match) bool {
	for i := 1; i < len(matches); i++ {
		a, b := &matches[i-1], &matches[i]
		if a.End >= b.End && compareMatches(*a, *b) > 0 {
			return false
		}
	}
	return true
}

// When matches are sorted by counting: the number of matches lies between these bounds, and the
// ends are not too far apart.
const (
	minCountSort = 12
	maxCountSort = 64 << 10
)

// sort puts the matches in order. Where many rules match at many places of a line it counts the
// matches of each end and moves every match to its place; then only matches of one end are
// compared.
func (r *results) sort() {
	n := len(r.matches)
	first, last := r.matches[0].End, r.matches[0].End
	for i := range r.matches {
		first, last = min(first, r.matches[i].End), max(last, r.matches[i].End)
	}
	ends := last - first + 1
	if n < minCountSort || n > maxCountSort || ends > 4*int64(n) {
		slices.SortFunc(r.matches, compareMatches)
		return
	}
	r.counts = slices.Grow(r.counts[:0], int(ends)+1)[:ends+1]
	clear(r.counts)
	for i := range r.matches {
		r.counts[r.matches[i].End-first+1]++
	}
	for i := 1; i < len(r.counts); i++ {
		r.counts[i] += r.counts[i-1]
	}
	r.spare = slices.Grow(r.spare[:0], n)[:n]
	for i := range r.matches {
		place := &r.counts[r.matches[i].End-first]
		r.spare[*place] = r.matches[i]
		*place++
	}
	r.matches, r.spare = r.spare, r.matches
	begin := uint32(0)
	for _, end := range r.counts[:ends] { // each count is now where the matches of its end end
		sortSameEnd(r.matches[begin:end])
		begin = end
	}
}

// sortSameEnd sorts matches with one end: few of them by insertion.
func sortSameEnd(matches []Match) {
	if len(matches) > 16 {
		slices.SortFunc(matches, compareMatches)
		return
	}
	for i := 1; i < len(matches); i++ {
		m := matches[i]
		at := i
		for ; at > 0; at-- {
			before := &matches[at-1]
			if before.Start < m.Start || before.Start == m.Start && before.Rule <= m.Rule {
				break
			}
			matches[at] = *before
		}
		matches[at] = m
	}
}

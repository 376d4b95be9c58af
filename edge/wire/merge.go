package wire

import (
	"cmp"
	"slices"

	"trawl/edge/match"
)

// Two results of one text become one: a worker has matched it against its own rules,
// and another, which it has asked, against more.

// MergeResults makes one result frame of two, both for the request h, and appends
// it to dst, about budget bytes at most. Matches are in the order of end and start; of
// those that are equal in both, first's come first. What is in both counts once, but
// for want count, which adds.
//
// With h.Lines second's lines are some of those that first lists: its line n, from 1,
// is first's line lines[n-1], from 0.
//
// The error says that one of them is no result for h; dst is returned as it was.
func MergeResults(dst []byte, h *RequestHeader, first, second []byte, lines []int, budget int) ([]byte, error) {
	a, err := readFinding(h, first)
	if err != nil {
		return dst, err
	}
	b, err := readFinding(h, second)
	if err != nil {
		return dst, err
	}
	for i := range b.each {
		to := i
		if h.Lines {
			n := b.each[i].line - 1
			if n < 0 || n >= int64(len(lines)) || lines[n] >= len(a.each) {
				return dst, errResult
			}
			to = lines[n]
		}
		a.each[to].merge(h, &b.each[i])
	}
	a.total.merge(h, &b.total)
	if h.Format == FormatPacked {
		return a.appendPacked(dst, h, budget), nil
	}
	return a.appendJSON(dst, h, budget), nil
}

// merge adds what b has to a.
func (a *finding) merge(h *RequestHeader, b *finding) {
	a.count += b.count
	a.any = a.any || b.any
	a.truncated = a.truncated || b.truncated
	a.incomplete = union(a.incomplete, b.incomplete)
	a.rules = union(a.rules, b.rules)
	known := len(a.matches)
	seen := make(map[findingKey]struct{}, known)
	for i := range a.matches {
		seen[a.matches[i].key()] = struct{}{}
	}
	for _, m := range b.matches {
		if _, ok := seen[m.key()]; !ok {
			a.matches = append(a.matches, m)
		}
	}
	slices.SortStableFunc(a.matches, func(x, y findingMatch) int {
		return cmp.Or(cmp.Compare(x.end, y.end), cmp.Compare(x.start, y.start))
	})
	limit := h.Limit
	if h.Want == match.WantFirst {
		limit = 1
	}
	if limit == 0 {
		return
	}
	if len(a.matches) > limit {
		a.matches = a.matches[:limit]
		a.truncated = a.truncated || h.Want != match.WantFirst
	}
	if len(a.rules) > limit {
		a.rules, a.truncated = a.rules[:limit], true
	}
}

func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	seen := make(map[string]struct{}, len(a)+len(b))
	for _, s := range a {
		seen[s] = struct{}{}
	}
	for _, s := range b {
		if _, ok := seen[s]; !ok {
			seen[s] = struct{}{}
			a = append(a, s)
		}
	}
	return a
}

package results

// Merge: the result of this worker and the result of a worker with other rules become one result.

import (
	"cmp"
	"sort"

	"trawl/edge/match"
	"trawl/edge/wire"
)

// Merge appends the union of two result frames for the request h to dst, in about budget bytes at
// most. Matches are in the order of end and start; at equal positions, matches of first come first.
// A match in both counts once; for want count the counts are added.
//
// With h.Lines the lines of second are lines listed by first: line n of second, from 1, is entry
// lines[n-1] of first, from 0.
//
// An error means: a frame is not a result for h. Then dst is returned unchanged.
func Merge(dst []byte, h *wire.RequestHeader, first, second []byte, lines []int, budget int) ([]byte, error) {
	names := &nameTable{numbers: make(map[string]uint32)}
	a, err := names.read(h, first)
	if err != nil {
		return dst, err
	}
	b, err := names.read(h, second)
	if err != nil {
		return dst, err
	}
	for i := range b.each {
		to := i
		if h.Lines {
			n := b.each[i].Number - 1
			if n < 0 || n >= int64(len(lines)) || lines[n] >= len(a.each) {
				return dst, errResult
			}
			to = lines[n]
		}
		a.each[to].merge(h, &b.each[i])
	}
	a.total.Truncated = a.total.Truncated || b.total.Truncated
	a.total.Incomplete = union(a.total.Incomplete, b.total.Incomplete)
	var e Encoder
	e.reset(names, h, budget)
	if !h.Lines {
		f := &a.each[0]
		return e.text(dst, nil, &f.Result, f.raw), nil
	}
	dst = e.BeginLines(dst)
	for i := range a.each {
		if e.Full() {
			a.total.Truncated = true
			break
		}
		f := &a.each[i]
		dst = e.line(dst, nil, &f.Line, f.raw)
		a.total.Truncated = a.total.Truncated || f.Truncated
	}
	a.total.Truncated = a.total.Truncated || e.cut
	return e.EndLines(dst, &a.total), nil
}

// merge adds b, the other finding for the same text or line, to f.
func (f *finding) merge(h *wire.RequestHeader, b *finding) {
	f.Count += b.Count
	f.Any = f.Any || b.Any
	f.Truncated = f.Truncated || b.Truncated
	f.Incomplete = union(f.Incomplete, b.Incomplete)
	seen := make(map[match.Match]struct{}, len(f.Matches))
	for _, m := range f.Matches {
		seen[m] = struct{}{}
	}
	for i, m := range b.Matches {
		if _, ok := seen[m]; ok {
			continue
		}
		seen[m] = struct{}{}
		f.Matches = append(f.Matches, m)
		if f.raw != nil {
			f.raw = append(f.raw, b.raw[i])
		}
	}
	if h.Want.Shape() == wire.ShapeMatches {
		sort.Stable((*byPosition)(f))
	}
	limit := h.Limit
	if h.Want.Single() {
		limit = 1
	}
	if limit > 0 && len(f.Matches) > limit {
		f.Matches = f.Matches[:limit]
		f.Truncated = f.Truncated || !h.Want.Single()
	}
}

// byPosition sorts the matches of a finding by end and start.
type byPosition finding

func (f *byPosition) Len() int { return len(f.Matches) }

func (f *byPosition) Less(i, j int) bool {
	a, b := &f.Matches[i], &f.Matches[j]
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start)) < 0
}

func (f *byPosition) Swap(i, j int) {
	f.Matches[i], f.Matches[j] = f.Matches[j], f.Matches[i]
	if f.raw != nil {
		f.raw[i], f.raw[j] = f.raw[j], f.raw[i]
	}
}

// union returns a, followed by the elements of b missing in a.
func union(a, b []uint32) []uint32 {
	if len(b) == 0 {
		return a
	}
	seen := make(map[uint32]struct{}, len(a)+len(b))
	for _, rule := range a {
		seen[rule] = struct{}{}
	}
	for _, rule := range b {
		if _, ok := seen[rule]; !ok {
			seen[rule] = struct{}{}
			a = append(a, rule)
		}
	}
	return a
}

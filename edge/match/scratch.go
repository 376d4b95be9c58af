package match

// What changes during a scan: buffers, and the matches found so far.

import (
	"cmp"
	"slices"
)

// pollEvery is how many bytes are scanned between two questions to Query.Stop.
const pollEvery = 64 << 10

// Scratch holds the buffers and the results of one goroutine's scans. It can
// be used with any pack, one scan at a time.
type Scratch struct {
	pack  *Pack
	query Query
	line  Line

	// The matches of the text at hand.
	want    Want
	most    int     // of each source of matches, then it stops; 0: no end
	matches []Match // of each source in order
	late    []Match // of long literals: found before they end, in no order
	rules   []uint32
	count   int64
	any     bool
	seen    []uint32 // per rule: the round in which it was reported
	round   uint32

	// The texts of ScanTexts, one behind another, and where each begins.
	joined []byte
	starts []int

	stopped  bool
	unpolled int // bytes scanned since Stop was asked

	// The automata's.
	hits     []hit
	folded   foldedText // the text at hand, or the block whose lines are scanned
	exactAt  finder     // in the text or block as it is
	foldedAt finder     // in the folded one
	lanes    lanes
	found    []place // by the trie, in the order of where patterns begin
	counts   [trieLook + 2]uint32
	tracked  [2][]tracker // of the long literals: exact, folded
	scans    uint64       // tells trackers of different texts apart
	regexes  regexScratch
}

// foldedText is a text after folding, and the way back.
type foldedText struct {
	bytes  []byte
	shifts shiftList
}

func (f *foldedText) set(text []byte) {
	const keep = 4 << 20 // bytes that stay allocated
	if cap(f.bytes) > keep && len(text) <= keep {
		f.bytes = nil
	}
	f.bytes, f.shifts = appendFold(slices.Grow(f.bytes[:0], len(text)), text, f.shifts[:0])
}

// use turns s to a pack and a query.
func (s *Scratch) use(p *Pack, q Query) {
	s.query, s.stopped, s.unpolled = q, false, 0
	s.regexes.given = s.regexes.given[:0]
	s.regexes.refresh(&p.programs)
	if s.pack == p {
		return
	}
	s.pack = p
	s.seen = nil
	if e, ok := p.engine.(*automata); ok {
		s.regexes.use(e, s)
		s.tracked = [2][]tracker{newTrackers(e.exact), newTrackers(e.folded)}
	}
}

func newTrackers(a *automaton) []tracker {
	if a == nil {
		return nil
	}
	return make([]tracker, len(a.long))
}

// reset forgets the matches. limit is the most that finish may return.
func (s *Scratch) reset(want Want, limit int) {
	s.want, s.most = want, 0
	switch {
	case want == WantFirst:
		s.most = 1
	case limit > 0 && (want == WantMatches || want == WantRules):
		s.most = limit + 1 // one more, to know that there are more
	}
	s.matches, s.late, s.rules = s.matches[:0], s.late[:0], s.rules[:0]
	s.count, s.any = 0, false
	if want == WantRules {
		s.nextRound()
	}
}

// nextRound makes every rule fresh.
func (s *Scratch) nextRound() {
	if s.seen == nil {
		s.seen = make([]uint32, s.pack.NumRules())
	}
	if s.round++; s.round == 0 {
		clear(s.seen)
		s.round = 1
	}
}

// fresh says whether the rule was not reported in this round, and notes it.
func (s *Scratch) fresh(rule uint32) bool {
	if s.seen[rule] == s.round {
		return false
	}
	s.seen[rule] = s.round
	return true
}

// spent notes that n bytes were scanned and asks Query.Stop every pollEvery.
func (s *Scratch) spent(n int) (stop bool) {
	if s.unpolled += n; s.unpolled < pollEvery {
		return s.stopped
	}
	return s.stop()
}

// stop asks Query.Stop.
func (s *Scratch) stop() bool {
	s.unpolled = 0
	if s.query.Stop != nil && !s.stopped {
		s.stopped = s.query.Stop()
	}
	return s.stopped
}

// add takes a match from a source that gives them in order.
func (s *Scratch) add(m Match) {
	s.any = true
	switch s.want {
	case WantCount:
		s.count++
		return
	case WantAny:
		return
	case WantRules:
		if !s.fresh(m.Rule) {
			return
		}
	}
	s.matches = append(s.matches, m)
}

// addLate takes a match of a long literal.
func (s *Scratch) addLate(m Match) {
	s.any = true
	switch s.want {
	case WantCount:
		s.count++
		return
	case WantAny:
		return
	}
	s.late = append(s.late, m)
	if s.most > 0 && len(s.late) > 2*s.most+64 {
		s.trimLate()
	}
}

// trimLate keeps of the late matches what the result can need.
func (s *Scratch) trimLate() {
	if s.want == WantRules {
		slices.SortFunc(s.late, func(a, b Match) int {
			return cmp.Or(cmp.Compare(a.Rule, b.Rule), compareMatches(a, b))
		})
		s.late = slices.CompactFunc(s.late, func(a, b Match) bool { return a.Rule == b.Rule })
	}
	slices.SortFunc(s.late, compareMatches)
	s.late = s.late[:min(len(s.late), s.most)]
}

// enough says whether a source that began at first need not go on. Its later
// matches come after all these.
func (s *Scratch) enough(first int) bool {
	return s.stopped || s.want == WantAny && s.any || s.most > 0 && len(s.matches)-first >= s.most
}

// endless says whether every match is wanted, however many there are.
func (s *Scratch) endless() bool { return s.most == 0 && s.want != WantAny }

// satisfied says whether nothing more need be looked for in the text at hand.
func (s *Scratch) satisfied() bool { return s.stopped || s.want == WantAny && s.any }

// brief says whether a text or line is left, as a rule, after its first hits.
func (s *Scratch) brief() bool {
	q := &s.query
	return q.Want == WantAny || q.Want == WantFirst || q.Limit == 1 && q.Want != WantCount
}

// compareMatches is the order in which matches are reported.
func compareMatches(a, b Match) int {
	if c := cmp.Compare(a.End, b.End); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Start, b.Start); c != 0 {
		return c
	}
	return cmp.Compare(a.Rule, b.Rule)
}

// inOrder says whether matches are in the order in which they are reported; most
// are.
func inOrder(matches []Match) bool {
	for i := 1; i < len(matches); i++ {
		a, b := &matches[i-1], &matches[i]
		if a.End >= b.End && compareMatches(*a, *b) > 0 {
			return false
		}
	}
	return true
}

// finish brings the matches of all sources into one result.
func (s *Scratch) finish() Result {
	r := Result{Any: s.any, Stopped: s.stopped, Count: s.count}
	s.matches = append(s.matches, s.late...)
	if !inOrder(s.matches) {
		slices.SortFunc(s.matches, compareMatches)
	}
	if s.want == WantRules && len(s.late) > 0 {
		s.nextRound()
		s.matches = slices.DeleteFunc(s.matches, func(m Match) bool { return !s.fresh(m.Rule) })
	}
	if s.most > 0 && s.want != WantFirst && len(s.matches) >= s.most {
		s.matches = s.matches[:s.most-1]
		r.Truncated = true
	}
	r.Incomplete = s.regexes.incomplete
	slices.Sort(r.Incomplete)
	switch s.want {
	case WantFirst:
		r.Matches = s.matches[:min(1, len(s.matches))]
		r.Count = int64(len(r.Matches))
	case WantMatches:
		r.Matches = s.matches
		r.Count = int64(len(r.Matches))
	case WantRules:
		r.Matches = s.matches
		for _, m := range s.matches {
			s.rules = append(s.rules, m.Rule)
		}
		r.Rules = s.rules
		r.Count = int64(len(r.Rules))
	}
	return r
}

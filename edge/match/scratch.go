package match

// What changes during a scan: the results, and the memory that literals and regexes work in.

import "trawl/edge/match/internal/fold"

// pollEvery is how many bytes are scanned between two calls of Query.Stop.
const pollEvery = 64 << 10

// Scratch holds the buffers and the results of one goroutine's scans. A Scratch can be used with
// any pack, one scan at a time.
type Scratch struct {
	pack  *Pack
	query Query
	line  Line // handed out by ScanLines

	stopped  bool // Query.Stop has ended the scan
	unpolled int  // bytes scanned since Query.Stop was called

	results  results
	joined   joinedTexts
	literals literalScratch
	regexes  regexScratch
}

// literalScratch is what a searcher needs to run the automata.
type literalScratch struct {
	exactAt  finder     // in the text or block as it is
	foldedAt finder     // in the folded text or block
	folded   foldedText // the text, or the block whose lines are scanned
	lanes    lanes
	da4      da4Scratch
	patterns []pattern
	// Trackers of the long literals, of the exact and of the folded automaton. scans numbers texts,
	// so that the trackers of another text are void.
	tracked [2][]tracker
	scans   uint64
}

// foldedText is a text after folding, and the way back to offsets in the original.
type foldedText struct {
	bytes  []byte
	shifts fold.Shifts
}

func (f *foldedText) set(text []byte) {
	const keep = 4 << 20 // bytes that stay allocated
	if cap(f.bytes) > keep && len(text) <= keep {
		f.bytes = nil
	}
	f.bytes, f.shifts = fold.Append(f.bytes[:0], text, f.shifts[:0])
}

// use prepares s for a pack and a query.
func (s *Scratch) use(p *Pack, q Query) {
	s.query, s.stopped, s.unpolled = q, false, 0
	s.regexes.refresh(&p.programs)
	if s.pack == p {
		return
	}
	s.pack = p
	s.results.seen, s.results.numRules = nil, p.NumRules()
	if e, ok := p.matcher.(*searcher); ok {
		s.regexes.use(e, s)
		s.literals.tracked = [2][]tracker{newTrackers(e.exact), newTrackers(e.folded)}
	}
}

func newTrackers(a *automaton) []tracker {
	if a == nil {
		return nil
	}
	return make([]tracker, len(a.long))
}

// charge accounts for n bytes scanned, and calls Query.Stop when the time has come.
func (s *Scratch) charge(n int) (stop bool) {
	if s.unpolled += n; s.unpolled < pollEvery {
		return s.stopped
	}
	return s.stop()
}

// stop calls Query.Stop.
func (s *Scratch) stop() bool {
	s.unpolled = 0
	if s.query.Stop != nil && !s.stopped {
		s.stopped = s.query.Stop()
	}
	return s.stopped
}

// passDone says whether a pass with matches from first on need not go on, because later matches of
// the pass would come behind all matches found by then.
func (s *Scratch) passDone(first int) bool {
	r := &s.results
	return s.done() || r.limit > 0 && len(r.matches)-first >= r.limit
}

// done says whether nothing more need be looked for in the current text.
func (s *Scratch) done() bool {
	return s.stopped || s.results.want == WantAny && s.results.any
}

// firstHitSuffices says whether the first hits in a text or line mostly end the work on it.
func (s *Scratch) firstHitSuffices() bool {
	q := &s.query
	return q.Want == WantAny || q.Want == WantFirst || q.Limit == 1 && q.Want != WantCount
}

// finish brings the matches of all passes into one result.
func (s *Scratch) finish() Result {
	r := s.results.finish()
	r.Stopped = s.stopped
	r.Incomplete = s.regexes.takeIncomplete()
	return r
}

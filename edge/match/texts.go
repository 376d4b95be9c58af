package match

// Many short texts at once: they are laid one after another, so that lanes have
// something to look ahead over, and each is a text of its own all the same.

import "slices"

const (
	// joinMost is the longest text that is copied to lie beside others; for a
	// longer one that is no gain.
	joinMost = 8 << 10
	// joinedSize is about how many bytes lie beside each other.
	joinedSize = 64 << 10
)

// ScanTexts is [Pack.Scan] for each of texts: with Query.Limit for each and
// Query.Total for all. The results of those that have a match, or are incomplete, are given to each, in
// the order of the texts; it returns whether to go on. A result holds until then.
// What is returned sums them up, as ScanLines does.
//
// Short texts are copied and scanned together, so that many of them take no more
// time than one text of their length.
func (p *Pack) ScanTexts(s *Scratch, texts [][]byte, q Query, each func(i int, r *Result) bool) Result {
	if !p.Supports(q.Want) {
		return Result{Unsupported: true}
	}
	s.use(p, q)
	w := lineScan{pack: p, scratch: s, eachText: each, left: q.Total}
	if q.Want == WantAny || q.Want == WantCount {
		w.left = 0
	}
	for i := 0; i < len(texts) && !w.done && !s.stopped; {
		n := 1
		if p.programs.unhinted > 0 { // regexes run on every text: nothing is gained
			w.scanAlone(texts[i], i)
		} else {
			n = s.join(texts[i:])
			w.scanJoined(texts[i:i+n], i)
		}
		i += n
	}
	s.regexes.deliver(&p.programs)
	w.total.Stopped = s.stopped
	w.total.Incomplete = s.regexes.given
	return w.total
}

// join lays the first of texts beside each other in s.joined, a '\n' behind each,
// so that what ends one and what begins the next are no rune together. It
// returns how many they are; a single one is not copied.
func (s *Scratch) join(texts [][]byte) int {
	s.joined, s.starts = s.joined[:0], s.starts[:0]
	n := 0
	for n < len(texts) && len(texts[n]) <= joinMost && len(s.joined) < joinedSize {
		s.starts = append(s.starts, len(s.joined))
		s.joined = append(append(s.joined, texts[n]...), '\n')
		n++
	}
	return max(n, 1)
}

func (w *lineScan) scanAlone(text []byte, number int) {
	w.number = int64(number)
	w.reset()
	w.pack.engine.scan(w.scratch, text)
	w.handOut(0, len(text))
}

// scanJoined scans texts, which begin with number first and lie in s.joined, or
// are one.
func (w *lineScan) scanJoined(texts [][]byte, first int) {
	e, s := w.pack.engine, w.scratch
	block := s.joined
	if len(texts) == 1 {
		block, s.starts = texts[0], append(s.starts[:0], 0)
	}
	e.begin(s, block)
	for i := 0; i < len(texts) && !w.done && !s.stopped; i++ {
		found := e.seek(s, block, s.starts[i])
		if found < 0 {
			break
		}
		// The text that found is in, or whose '\n' it is.
		next, exact := slices.BinarySearch(s.starts[i:], found)
		if !exact {
			next--
		}
		i += next
		w.number = int64(first + i)
		start := s.starts[i]
		w.line(block, start, start+len(texts[i]), 0)
	}
}

package match

// Scanning many short texts at once. The texts are copied end to end, to give lanes and prefilters
// something to look ahead over; each remains a text of its own.

import "slices"

const (
	// maxJoined is the length of the longest text worth copying.
	maxJoined = 8 << 10
	// joinedSize is about how many bytes are scanned together.
	joinedSize = 64 << 10
)

// ScanTexts is [Pack.Scan] for each of texts, with Query.Limit for each and Query.Total for all of
// them. The results of texts that have a match or are incomplete are given to each, in the order of
// the texts; each returns whether to go on. A result holds until each returns. The result of
// ScanTexts sums the texts up, as that of ScanLines does.
//
// Short texts are copied and scanned together: many texts take no more time than a single text of
// the total length.
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
		if p.programs.unhinted > 0 { // regexes run on every text, so nothing would be gained
			w.scanAlone(texts[i], i)
		} else {
			n = s.joined.join(texts[i:])
			w.scanJoined(texts[i:i+n], i)
		}
		i += n
	}
	s.regexes.deliver(&p.programs)
	w.total.Stopped = s.stopped
	w.total.Incomplete = s.regexes.gaveUp
	return w.total
}

// joinedTexts are texts of ScanTexts, end to end, and where each begins.
type joinedTexts struct {
	bytes  []byte
	starts []int
}

// join copies the first of texts, each followed by a '\n' to keep the end of a text and the
// beginning of the next from forming a rune. It returns the number of joined texts; a long text is
// not copied and counts as one.
func (j *joinedTexts) join(texts [][]byte) int {
	j.bytes, j.starts = j.bytes[:0], j.starts[:0]
	n := 0
	for n < len(texts) && len(texts[n]) <= maxJoined && len(j.bytes) < joinedSize {
		j.starts = append(j.starts, len(j.bytes))
		j.bytes = append(append(j.bytes, texts[n]...), '\n')
		n++
	}
	return max(n, 1)
}

func (w *lineScan) scanAlone(text []byte, number int) {
	w.number = int64(number)
	w.reset()
	w.pack.matcher.scan(w.scratch, text)
	w.handOut(0, len(text))
}

// scanJoined scans texts that have been joined, or a single text. first is the number of the first.
func (w *lineScan) scanJoined(texts [][]byte, first int) {
	e, s := w.pack.matcher, w.scratch
	block := s.joined.bytes
	if len(texts) == 1 {
		block, s.joined.starts = texts[0], append(s.joined.starts[:0], 0)
	}
	starts := s.joined.starts
	e.begin(s, block)
	for i := 0; i < len(texts) && !w.done && !s.stopped; i++ {
		found := e.seek(s, block, starts[i])
		if found < 0 {
			break
		}
		// The text with the byte found, or with found as the '\n'.
		next, exact := slices.BinarySearch(starts[i:], found)
		if !exact {
			next--
		}
		i += next
		w.number = int64(first + i)
		start := starts[i]
		w.line(block, start, start+len(texts[i]), 0)
	}
}

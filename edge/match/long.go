package match

// Literals over 255 bytes. The automaton holds the beginning of a long literal, the rest is
// compared. A tracker per literal remembers how far the last comparison got, so that a text of
// overlapping near matches costs no more than its length (the idea of the Z algorithm: Gusfield,
// Algorithms on Strings, 1.3).

import "bytes"

// longLiteral is a literal of which the automaton holds the first maxDepth bytes.
type longLiteral struct {
	text []byte
	// z[i] is how many bytes text[i:] has in common with text. It is nil, and not needed, if the
	// beginning of text does not occur again in text.
	z []uint32
}

func newLongLiteral(text []byte) longLiteral {
	l := longLiteral{text: text}
	if bytes.Contains(text[1:], text[:maxDepth]) {
		l.z = zFunction(text)
	}
	return l
}

func zFunction(text []byte) []uint32 {
	z := make([]uint32, len(text))
	from, to := 0, 0 // the last place equal to the beginning: text[from:to]
	for i := 1; i < len(text); i++ {
		n := 0
		if i < to {
			n = min(to-i, int(z[i-from]))
		}
		for i+n < len(text) && text[n] == text[i+n] {
			n++
		}
		if i+n > to {
			from, to = i, i+n
		}
		z[i] = uint32(n)
	}
	return z
}

// tracker knows that text[from:to] is equal to the beginning of the literal, and that text[to]
// differs unless the literal ends there.
type tracker struct {
	scan     uint64 // number of the scan; in another scan the tracker is void
	from, to int
}

// matchesAt says whether the literal stands at text[start:], of which the first maxDepth bytes are
// known to be equal. Within a scan, start grows from call to call.
func (l *longLiteral) matchesAt(text []byte, start int, t *tracker, scan uint64) bool {
	end := start + len(l.text)
	if end > len(text) {
		return false
	}
	from := start + maxDepth
	if t.scan == scan && t.from <= start && start < t.to && l.z != nil {
		if int(l.z[start-t.from]) < t.to-start {
			return false
		}
		from = max(from, t.to)
	}
	from += commonPrefix(text[from:end], l.text[from-start:])
	*t = tracker{scan, start, from}
	return from == end
}

// commonPrefix counts the leading bytes that two slices of equal length share.
func commonPrefix(a, b []byte) int {
	n := 0
	for len(a)-n >= 256 && bytes.Equal(a[n:n+256], b[n:n+256]) {
		n += 256
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}

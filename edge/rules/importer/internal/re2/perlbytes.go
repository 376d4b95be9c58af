package re2

// Regexes that count bytes, for a matcher that counts characters: `.` and [^…] take one byte in
// PCRE and YARA, and a character of up to four bytes in RE2 syntax.

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

// Gap returns a regex for low to high bytes, counted in characters; without an upper bound if high
// < 0. cut says that the neighbours can begin or end within a character. exact is false if the
// regex matches further lengths, for counts over maxRepeat or where bytes and characters differ.
func Gap(low, high int, cut bool) (s string, exact bool) {
	switch {
	case high == 0:
		return "", true
	case high < 0 && low == 0:
		return `(?s:.*?)`, true
	case low > maxRepeat || high > maxRepeat:
		return `(?s:.*?)`, false
	}
	any := byteNode{kind: byteWide, class: `(?s:.)`, ascii: `\x00-\x7f`, low: low, high: high}
	beside := byteEdge(0)
	if cut {
		beside = edgeDemand
	}
	s, exact = any.asCharacters(beside, beside)
	if s == "" {
		s = any.class + shape.Quantifier(low, high)
	}
	return s, exact
}

const WhyCounted = "finds more: what counts bytes (., [^…], {n}, distances) counts characters, which have up to four bytes beyond ASCII"

// byteNode is a part of a regex, with the properties that decide how to count in characters. A wide
// part is `.` or a class with all bytes from \x80 on: a wide part may begin or end within a
// character of the text. All further parts consist of whole characters.
type byteNode struct {
	kind byteKind
	subs []*byteNode // of a sequence, alternatives or a loop

	first, last byteEdge // kinds of the possible first and last parts
	empty       bool     // the part can match nothing

	// Only for byteWide and byteNotWord:
	from, to  int    // place in the expression, including the quantifier
	class     string // without the quantifier
	ascii     string // the ASCII characters of class, as members of a class
	fold      bool   // case is ignored
	low, high int    // bytes; high < 0: unbounded
	lazy      bool
}

type byteKind int

const (
	byteWhole byteKind = iota
	byteWide
	byteNotWord // \B
	byteSequence
	byteAlternatives
	byteLoop
)

// byteEdge is a set of kinds of neighbours of a part. The empty set stands for a place between two
// characters of the text.
type byteEdge uint8

const (
	edgeOpen   byteEdge = 1 << iota // an end of the regex, beyond which any text follows
	edgeSoft                        // a wide part that needs no byte, and can give a character away
	edgeDemand                      // a wide part that needs a byte
)

func sequenceOf(subs []*byteNode) *byteNode {
	if len(subs) == 1 {
		return subs[0]
	}
	n := &byteNode{kind: byteSequence, subs: subs, empty: true}
	for _, sub := range subs {
		if n.empty {
			n.first |= sub.first
		}
		n.empty = n.empty && sub.empty
	}
	for i := len(subs) - 1; i >= 0; i-- {
		if n.last |= subs[i].last; !subs[i].empty {
			break
		}
	}
	return n
}

func alternativesOf(subs []*byteNode) *byteNode {
	if len(subs) == 1 {
		return subs[0]
	}
	n := &byteNode{kind: byteAlternatives, subs: subs}
	for _, sub := range subs {
		n.first |= sub.first
		n.last |= sub.last
		n.empty = n.empty || sub.empty
	}
	return n
}

// repeated returns n repeated low to high times. A wide part takes over the counts.
func (n *byteNode) repeated(low, high, to int, lazy bool) *byteNode {
	if n.kind != byteWide {
		return &byteNode{kind: byteLoop, subs: []*byteNode{n}, first: n.first, last: n.last, empty: n.empty || low == 0, low: low, high: high}
	}
	n.low, n.high, n.to, n.lazy = low, high, to, lazy
	n.settleEdges()
	return n
}

// grouped returns n in parentheses, repeatable as a whole.
func (n *byteNode) grouped() *byteNode {
	if n.kind != byteWide {
		return n
	}
	return &byteNode{kind: byteLoop, subs: []*byteNode{n}, first: n.first, last: n.last, empty: n.empty, low: 1, high: 1}
}

func (n *byteNode) settleEdges() {
	n.empty = n.low == 0
	n.first, n.last = edgeDemand, edgeDemand
	if n.empty {
		n.first, n.last = edgeSoft, edgeSoft
	}
}

// classRanges returns the characters of a class as low, high, low, high …, or nil if class is no
// class.
func classRanges(class string, f Flags) []rune {
	flags := syntax.Perl
	if f.IgnoreCase {
		flags |= syntax.FoldCase
	}
	if f.DotAll {
		flags |= syntax.DotNL
	}
	tree, err := syntax.Parse(class, flags)
	if err != nil {
		return nil
	}
	switch tree.Op {
	case syntax.OpAnyChar:
		return []rune{0, unicode.MaxRune}
	case syntax.OpAnyCharNotNL:
		return []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
	case syntax.OpCharClass:
		return tree.Rune
	case syntax.OpLiteral:
		return []rune{tree.Rune[0], tree.Rune[0]}
	}
	return nil
}

// foldedWide returns a class that ignores case in ASCII only, as for bytes. A class without all
// bytes from \x80 on is returned unchanged. In Unicode, s and k have cases beyond ASCII, which
// would enter and leave a wide class together with s and k.
func foldedWide(class string) string {
	items, negated := strings.CutPrefix(class, "[^")
	if negated {
		items = "[" + items
	}
	set, ok := shape.SetOf(items, "")
	if !ok {
		return class
	}
	var other shape.Set // the letters of set in the opposite case
	for i, letters := range []shape.Set{{'A', 'Z'}, {'a', 'z'}} {
		shift := rune('a'-'A') * rune(1-2*i)
		for _, r := range set.And(letters) {
			other = append(other, r+shift)
		}
		set, other = set.Or(other), nil
	}
	if negated {
		set = set.Not()
	}
	read, _ := shape.SetOf(class, "i")
	if !set.Has(unicode.MaxRune) || slices.Equal(set, read) {
		return class
	}
	if plain, _ := shape.SetOf(class, ""); slices.Equal(set, plain) {
		return "(?-i:" + class + ")"
	}
	return "(?-i:" + set.Class() + ")"
}

// wideNode returns the part for class, just written at from, or nil if class is not wide.
func wideNode(class string, from, to int, f Flags) *byteNode {
	ranges := classRanges(class, f)
	if len(ranges) == 0 || ranges[len(ranges)-1] != unicode.MaxRune {
		return nil
	}
	var items strings.Builder
	for i := 0; i < len(ranges) && ranges[i] < utf8.RuneSelf; i += 2 {
		low, high := ranges[i], min(ranges[i+1], utf8.RuneSelf-1)
		items.WriteString(shape.QuoteRune(low, shape.ClassSpecial))
		if high > low {
			items.WriteString("-" + shape.QuoteRune(high, shape.ClassSpecial))
		}
	}
	n := &byteNode{kind: byteWide, class: class, from: from, to: to, ascii: items.String(), fold: f.IgnoreCase, low: 1, high: 1}
	n.settleEdges()
	return n
}

// byteEdit replaces a part of the expression by text.
type byteEdit struct {
	from, to int
	text     string
}

// byteWriter collects replacements.
type byteWriter struct {
	edits []byteEdit
	more  bool // the expression finds more than the original
}

// settle collects the replacements in n, a part between the neighbours left and right.
func (w *byteWriter) settle(n *byteNode, left, right byteEdge) {
	switch n.kind {
	case byteSequence:
		w.sequence(joined(n.subs), left, right)
	case byteAlternatives:
		for _, sub := range n.subs {
			w.settle(sub, left, right)
		}
	case byteLoop:
		if n.high != 1 && n.high != 0 {
			left, right = left|n.last, right|n.first
		}
		if n.low > 1 && (left|right)&edgeOpen != 0 { // a further round follows, not any text
			left, right = left|edgeSoft, right|edgeSoft
		}
		w.settle(n.subs[0], left, right)
	case byteNotWord:
		if left != 0 && right != 0 { // possibly within a character, where \B holds
			w.edits = append(w.edits, byteEdit{n.from, n.to, ""})
			w.more = true
		}
	case byteWide:
		text, exact := n.asCharacters(left, right)
		if text != "" {
			w.edits = append(w.edits, byteEdit{n.from, n.to, text})
		}
		w.more = w.more || !exact
	}
}

func (w *byteWriter) sequence(subs []*byteNode, left, right byteEdge) {
	after := make([]byteEdge, len(subs)+1) // the neighbours behind each part
	after[len(subs)] = right
	for i := len(subs) - 1; i >= 0; i-- {
		if after[i] = subs[i].first; subs[i].empty {
			after[i] |= after[i+1]
		}
	}
	for i, sub := range subs {
		w.settle(sub, left, after[i+1])
		if sub.empty {
			left |= sub.last
		} else {
			left = sub.last
		}
	}
}

// joined merges adjacent wide parts of one class.
func joined(subs []*byteNode) []*byteNode {
	var list []*byteNode
	for _, n := range subs {
		if len(list) > 0 {
			before := list[len(list)-1]
			if before.kind == byteWide && n.kind == byteWide && before.class == n.class && before.to == n.from && before.lazy == n.lazy {
				both := *before
				both.to, both.low = n.to, before.low+n.low
				if both.high += n.high; before.high < 0 || n.high < 0 {
					both.high = -1
				}
				both.settleEdges()
				list[len(list)-1] = &both
				continue
			}
		}
		list = append(list, n)
	}
	return list
}

// asCharacters returns the replacement of n in characters, empty if n can stay unchanged, and
// whether the same texts match. Bytes that are not UTF-8 are characters of one byte, U+FFFD. A
// character cut by the end of n is taken as a whole.
func (n *byteNode) asCharacters(left, right byteEdge) (text string, exact bool) {
	sides := left | right
	switch {
	case n.low == 0 && n.high < 0:
		return "", true
	case n.low <= 1 && sides&edgeDemand == 0 && (n.high < 0 || sides&edgeSoft == 0 && sides&edgeOpen != 0):
		// At most one byte is needed, and the rest of the text leaves any number of bytes or
		// characters.
		return "", true
	case sides == 0 && 0 < n.high && n.high <= 2:
		return n.spelled(), true
	}
	switch {
	case sides&edgeDemand != 0: // the neighbour may have taken a shared character
		return n.class + shape.Quantifier(n.low/utf8.UTFMax, n.high), false
	case n.low <= 1:
		return "", false
	case n.ascii == "":
		return n.class + shape.Quantifier((n.low+utf8.UTFMax-1)/utf8.UTFMax, n.high), false
	}
	// Either all characters are ASCII, or some character is not and fewer characters are enough.
	others := `*`
	if n.high >= 0 {
		others = shape.Quantifier(0, n.high-1)
	}
	single := n.exactly(`[` + n.ascii + `]`)
	return `(?:` + single + repeatOnce(n.low, n.high) + `|` + single + others + n.exactly(`[^\x00-\x7f]`) + n.class + others + `)`, false
}

// spelled returns a regex for one or two bytes between whole characters.
func (n *byteNode) spelled() string {
	single := n.exactly(`[` + n.ascii + `\x{fffd}]`)
	if n.high == 1 {
		return single + repeatOnce(n.low, 1)
	}
	return `(?:` + single + repeatOnce(n.low, 2) + `|` + n.exactly(`[\x{80}-\x{7ff}]`) + `)`
}

// exactly returns class without case folding. In Unicode, s and k have cases beyond ASCII, of more
// bytes.
func (n *byteNode) exactly(class string) string {
	if n.fold {
		return `(?-i:` + class + `)`
	}
	return class
}

// repeatOnce is shape.Quantifier, but empty for exactly one repetition.
func repeatOnce(low, high int) string {
	if low == 1 && high == 1 {
		return ""
	}
	return shape.Quantifier(low, high)
}

// edited applies edits, sorted by position, and moves Carets, Dollars and Bars accordingly.
func (t *Translation) edited(edits []byteEdit) {
	var out strings.Builder
	lists := [][]int{t.Carets, t.Dollars, t.Bars}
	next := [3]int{}
	done := 0
	move := func(to int) { // copies the text from done to to, and moves the positions within
		for i, list := range lists {
			for next[i] < len(list) && list[next[i]] < to {
				list[next[i]] += out.Len() - done
				next[i]++
			}
		}
		out.WriteString(t.Expr[done:to])
		done = to
	}
	for _, e := range edits {
		move(e.from)
		out.WriteString(e.text)
		done = e.to
	}
	move(len(t.Expr))
	t.Expr = out.String()
}

package snort

// Contents that a text must all have, at absolute or relative positions, as one literal or regex.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

// content is a literal or regex required in the text. Positions and lengths are in bytes.
type content struct {
	text   []byte
	nocase bool

	regex       bool
	translation re2.Translation // if regex
	begins      bool            // the regex matches only at the beginning

	absolute, hasDepth  bool // offset applies; depth applies
	offset, depth       int
	relative, hasWithin bool // distance from the end of the previous content applies; within applies
	distance            int
	within              int
	atEnd               bool

	buffer      string // empty: the packet
	variable    bool   // a position is a variable, unknown here
	baseUnknown bool   // the start of relative positions is unknown here

	otherCase, otherText bool // transformations change the case of the buffer; the whole text
}

// relax removes the positions of c, except for the order of contents in one buffer if ordered. It
// reports whether c has become less strict.
func (c *content) relax(ordered bool) bool {
	was := *c
	c.absolute, c.hasDepth, c.offset, c.depth, c.atEnd, c.hasWithin, c.within = false, false, 0, 0, false, false, 0
	c.begins = false
	c.relative = ordered && was.relative && was.distance >= 0
	c.distance = 0
	return was.absolute || was.atEnd || was.hasWithin || was.begins || was.relative && (!c.relative || was.distance != 0)
}

// chain is a content, followed by the contents relative to it.
type chain []*content

// plain reports whether the chain is a single literal that may be anywhere.
func (c chain) plain() bool {
	f := c[0]
	return len(c) == 1 && !f.regex && !f.absolute && !f.atEnd && (!f.relative || f.distance <= 0 && !f.hasWithin)
}

// weight estimates how rare matches of the chain are, in bytes of literals.
func (c chain) weight() int {
	n := 0
	for _, part := range c {
		if part.regex {
			n += 1 + min(len(part.translation.Expr), 30)/2
		} else {
			n += len(part.text)
		}
	}
	return n
}

// matchContents adds to e the patterns for texts with all contents of list.
func matchContents(e *job.Entry, list []*content) {
	chains := implied(chainsOf(list))
	if len(chains) == 1 {
		addChain(e, chains[0])
		return
	}
	if expr, ok := allOf(chains); ok {
		for _, c := range chains {
			if c[0].nocase && re2.OtherCase(string(c[0].text)) {
				e.TakeInPart(re2.WhyFold, string(c[0].text))
			}
		}
		e.AddRegex("", expr, false)
		return
	}
	e.TakeInPart(whyOneOf, fmt.Sprintf("%d of them", len(chains)))
	best := slices.MaxFunc(chains, func(a, b chain) int { return a.weight() - b.weight() })
	addChain(e, best)
}

// addChain adds the literal or regex of a chain.
func addChain(e *job.Entry, c chain) {
	if c.plain() {
		e.AddLiterals("", c[0].nocase, c[0].text)
		return
	}
	if f := c[0]; len(c) == 1 && f.regex && !f.absolute && !f.begins && !f.relative {
		e.AddTranslation("", f.translation, false)
		return
	}
	expr, exact, far, err := c.expr()
	if err != nil {
		best := longestLiteral(c)
		if best == nil {
			e.SkipFor(err)
			return
		}
		detail := "a place that no regex can name"
		if r, ok := err.(*re2.Refused); ok && r.Text != whyPlaces {
			detail = r.String()
		}
		e.TakeInPart(whyPlaces, detail)
		if len(c) > 1 {
			e.TakeInPart(whyOneOf, fmt.Sprintf("%d of them", len(c)))
		}
		e.AddLiterals("", best.nocase, best.text)
		return
	}
	switch {
	case far:
		e.TakeInPart(whyPlaces, "over 1000 bytes")
	case !exact:
		e.TakeInPart(re2.WhyCounted, "")
	}
	for _, part := range c {
		e.NoteTranslation(part.translation)
		if part.nocase && re2.OtherCase(string(part.text)) {
			e.TakeInPart(re2.WhyFold, string(part.text))
		}
	}
	e.AddRegex("", expr, false)
}

func longestLiteral(c chain) *content {
	var best *content
	for _, part := range c {
		if !part.regex && (best == nil || len(part.text) > len(best.text)) {
			best = part
		}
	}
	return best
}

// expr returns the chain as a regex. exact is false if some position is less strict in the regex;
// far is true if a distance is too long for a regex.
func (c chain) expr() (expr string, exact, far bool, err error) {
	var b strings.Builder
	exact = true
	closes := false
	for i, part := range c {
		begin, ok, err := part.before(i > 0, closes)
		if err != nil {
			return "", false, false, err
		}
		exact = exact && ok
		far = far || !ok && begin == `(?s:.*?)` || !ok && begin == `\A(?s:.*?)`
		text, err := part.expr(i > 0)
		if err != nil {
			return "", false, false, err
		}
		b.WriteString(begin + text)
		if part.atEnd {
			b.WriteString(`\z`)
		}
		closes = part.translation.Closes
	}
	return b.String(), exact, far, nil
}

// before returns the regex between the previous content, or the beginning of the text, and p.
// closes says that the previous content can end within a character. exact is false if the position
// is less strict in the regex.
func (p *content) before(behind, closes bool) (s string, exact bool, err error) {
	switch {
	case p.absolute:
		if p.relative || p.offset < 0 {
			return "", false, re2.Refuse(whyPlaces, "")
		}
		high := -1
		if p.hasDepth {
			high = p.offset + p.depth - len(p.text)
			if p.regex || high < p.offset {
				return "", false, re2.Refuse("a place that cannot be", "depth is less than the content")
			}
		}
		s, exact = re2.Gap(p.offset, high, p.translation.Opens)
		return `\A` + s, exact, nil
	case behind && p.regex && p.startsThere():
		return "", true, nil
	case behind:
		if p.distance < 0 {
			return "", false, re2.Refuse(whyPlaces, "")
		}
		high := -1
		if p.hasWithin {
			high = p.distance + p.within - len(p.text)
			if p.regex || high < p.distance {
				return "", false, re2.Refuse("a place that cannot be", "within is less than the content")
			}
		}
		s, exact = re2.Gap(p.distance, high, closes || p.translation.Opens)
		return s, exact, nil
	case p.relative && (p.distance > 0 || p.hasWithin):
		// A position relative to no content is relative to the beginning.
		return (&content{absolute: true, hasDepth: p.hasWithin, offset: max(0, p.distance), depth: p.within, text: p.text, regex: p.regex}).before(false, false)
	case p.begins:
		return `\A`, true, nil
	}
	return "", true, nil
}

// startsThere reports whether a relative regex begins directly behind the previous content.
func (p *content) startsThere() bool {
	return p.begins || len(p.translation.Carets) == 1
}

// expr returns the regex of the content. behind says that another content precedes.
func (p *content) expr(behind bool) (string, error) {
	if !p.regex {
		if !utf8.Valid(p.text) {
			return "", re2.Refuse(re2.WhyBytes, job.HexOf(p.text))
		}
		if p.nocase && !bytes.Equal(p.text, bytes.ToUpper(p.text)) || p.nocase && !bytes.Equal(p.text, bytes.ToLower(p.text)) {
			return "(?i:" + shape.QuoteText(string(p.text)) + ")", nil
		}
		return shape.QuoteText(string(p.text)), nil
	}
	t := p.translation
	if behind && len(t.Carets) > 0 {
		at := t.Carets[0]
		if len(t.Carets) > 1 || len(t.Bars) > 0 || at != len(shape.LeadingFlags.Get().FindString(t.Expr)) {
			return "", re2.Refuse("a relative regex with ^ in the middle", t.Expr)
		}
		t.Expr = t.Expr[:at] + t.Expr[at+1:]
	}
	if len(t.Bars) > 0 || shape.LeadingFlags.Get().MatchString(t.Expr) {
		return "(?:" + t.Expr + ")", nil
	}
	return t.Expr, nil
}

// allOf returns a regex for texts with all literals in any order. Only for two or three literals
// that cannot overlap is such a regex exact.
func allOf(chains []chain) (string, bool) {
	const most = 3
	if len(chains) > most {
		return "", false
	}
	var exprs []string
	for i, c := range chains {
		if !c.plain() || !utf8.Valid(c[0].text) {
			return "", false
		}
		for _, other := range chains[i+1:] {
			if other.plain() && overlap(c[0], other[0]) {
				return "", false
			}
		}
		s, err := c[0].expr(false)
		if err != nil {
			return "", false
		}
		exprs = append(exprs, s)
	}
	var orders []string
	permute(exprs, func(order []string) { orders = append(orders, strings.Join(order, ".*")) })
	return "(?s)" + strings.Join(orders, "|"), true
}

// overlap reports whether two literals can share bytes of a text.
func overlap(a, b *content) bool {
	x, y := a.text, b.text
	if a.nocase || b.nocase {
		x, y = re2.ASCIILower(x), re2.ASCIILower(y)
	}
	for n := 1; n <= min(len(x), len(y)); n++ {
		if bytes.Equal(x[len(x)-n:], y[:n]) || bytes.Equal(y[len(y)-n:], x[:n]) {
			return true
		}
	}
	return bytes.Contains(x, y) || bytes.Contains(y, x)
}

func permute(list []string, each func([]string)) {
	if len(list) <= 1 {
		each(list)
		return
	}
	for i := range list {
		rest := append(append([]string{}, list[:i]...), list[i+1:]...)
		permute(rest, func(order []string) { each(append([]string{list[i]}, order...)) })
	}
}

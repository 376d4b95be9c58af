package snort

// Contents that must all be in one text, some at places relative to others, as
// one literal or regex.

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

// content is one thing that must be in the text. Positions are in bytes.
type content struct {
	text   []byte
	nocase bool

	regex       bool
	translation re2.Translation // instead of text
	begins      bool            // the regex only matches at the beginning

	absolute, deep bool // offset, and depth if deep
	offset, depth  int
	relative, near bool // distance from the end of the content before, and within if near
	distance       int
	within         int
	atEnd          bool

	buffer string // what it is looked for in; empty: the packet
	loose  bool   // its numbers are those of a packet, which are not known here
	adrift bool   // where relative ones begin is not known here

	otherCase, otherText bool // the buffer is changed before: its case, or altogether
}

// relax takes away all that says where the content is, but for the order of contents
// in one buffer. It reports whether that makes a difference.
func (c *content) relax(ordered bool) bool {
	was := *c
	c.absolute, c.deep, c.offset, c.depth, c.atEnd, c.near, c.within = false, false, 0, 0, false, false, 0
	c.begins = false
	c.relative = ordered && was.relative && was.distance >= 0
	c.distance = 0
	return was.absolute || was.atEnd || was.near || was.begins || was.relative && (!c.relative || was.distance != 0)
}

// chain is a content and those whose places depend on it.
type chain []*content

// plain reports whether the chain is one literal that can be anywhere.
func (c chain) plain() bool {
	f := c[0]
	return len(c) == 1 && !f.regex && !f.absolute && !f.atEnd && (!f.relative || f.distance <= 0 && !f.near)
}

// weight says how much a chain tells: bytes of its literals.
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

// matchContents adds what finds texts with all of list to e.
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

// expr is the chain as a regex. exact is false if some place is left more open than it
// is, and far if that is because it is too far for a regex.
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

// before is what stands between the beginning of the text, or the content before, and
// this one. closes says that the one before can end within a character. exact is false
// if the place is left more open than it is.
func (p *content) before(behind, closes bool) (s string, exact bool, err error) {
	switch {
	case p.absolute:
		if p.relative || p.offset < 0 {
			return "", false, re2.Refuse(whyPlaces, "")
		}
		high := -1
		if p.deep {
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
		if p.near {
			high = p.distance + p.within - len(p.text)
			if p.regex || high < p.distance {
				return "", false, re2.Refuse("a place that cannot be", "within is less than the content")
			}
		}
		s, exact = re2.Gap(p.distance, high, closes || p.translation.Opens)
		return s, exact, nil
	case p.relative && (p.distance > 0 || p.near):
		// Relative to nothing: to the beginning.
		return (&content{absolute: true, deep: p.near, offset: max(0, p.distance), depth: p.within, text: p.text, regex: p.regex}).before(false, false)
	case p.begins:
		return `\A`, true, nil
	}
	return "", true, nil
}

// startsThere says whether a relative regex begins right behind the content
// before.
func (p *content) startsThere() bool {
	return p.begins || len(p.translation.Carets) == 1
}

// expr is the content itself; behind: it comes after another one.
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

// allOf is a regex for texts that have each of the literals, in any order: for
// two or three that cannot overlap, where that is the same.
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

// overlap says whether an end of one literal is a beginning of the other: then
// both could be in a text without one being behind the other.
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

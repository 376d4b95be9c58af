// Taking an expression in RE2 syntax apart.

package importer

import (
	"strings"
	"unicode/utf8"
)

// parseShape is the structure of expr, which is in RE2 syntax; false if flags
// change in the middle of a group, which trees cannot be cut out of.
func parseShape(expr string) (*shape, bool) {
	p := shapeParser{src: expr, ok: true}
	open := leadingFlags.Get().FindString(expr)
	p.pos = len(open)
	s := p.alternation(strings.Trim(open, "(?)"))
	if open != "" {
		s = &shape{op: shapeGroup, text: "(?" + strings.Trim(open, "(?)") + ":", subs: []*shape{s}}
	}
	return s, p.ok && p.pos == len(expr)
}

type shapeParser struct {
	src string
	pos int
	ok  bool
}

// alternation reads up to the end or the `)` of the group; flags hold in it.
func (p *shapeParser) alternation(flags string) *shape {
	var alternatives, items []*shape
	for p.ok && p.pos < len(p.src) && p.src[p.pos] != ')' {
		if p.src[p.pos] == '|' {
			p.pos++
			alternatives, items = append(alternatives, &shape{op: shapeCat, subs: items}), nil
			continue
		}
		items = append(items, p.item(flags))
	}
	last := &shape{op: shapeCat, subs: items}
	if alternatives == nil {
		return last
	}
	return &shape{op: shapeAlt, subs: append(alternatives, last)}
}

// item reads an atom, an assertion or a group, and what repeats it.
func (p *shapeParser) item(flags string) *shape {
	var s *shape
	if p.src[p.pos] == '(' {
		s = p.group(flags)
	} else {
		s = p.one(flags)
	}
	for p.ok && p.pos < len(p.src) {
		low, high, size := 0, -1, 1
		switch p.src[p.pos] {
		case '*':
		case '+':
			low = 1
		case '?':
			high = 1
		case '{':
			if low, high, size = braces(p.src[p.pos:], false); size == 0 {
				return s
			}
		default:
			return s
		}
		if p.pos+size < len(p.src) && p.src[p.pos+size] == '?' {
			size++
		}
		s = &shape{op: shapeRepeat, text: p.src[p.pos : p.pos+size], low: low, high: high, subs: []*shape{s}}
		p.pos += size
	}
	return s
}

func (p *shapeParser) group(flags string) *shape {
	end := p.pos + 1
	if strings.HasPrefix(p.src[p.pos:], "(?") {
		end = p.pos + strings.IndexAny(p.src[p.pos:], ":)") + 1
		if p.src[end-1] != ':' {
			p.ok = false // flags in the middle
			return nil
		}
		flags = addFlags(flags, p.src[p.pos+2:end-1])
	}
	s := &shape{op: shapeGroup, text: p.src[p.pos:end]}
	p.pos = end
	if open := leadingFlags.Get().FindString(p.src[p.pos:]); open != "" {
		flags = addFlags(flags, strings.Trim(open, "(?)"))
		s.text = "(?" + flags + ":"
		p.pos += len(open)
	}
	s.subs = []*shape{p.alternation(flags)}
	if p.pos >= len(p.src) {
		p.ok = false
		return nil
	}
	p.pos++
	return s
}

// addFlags are flags after others, such as i, is-m or -s, have been set.
func addFlags(flags, others string) string {
	on, off, _ := strings.Cut(others, "-")
	for _, f := range off {
		flags = strings.ReplaceAll(flags, string(f), "")
	}
	for _, f := range on {
		if !strings.ContainsRune(flags, f) {
			flags += string(f)
		}
	}
	return flags
}

// one reads an atom or an assertion.
func (p *shapeParser) one(flags string) *shape {
	rest := p.src[p.pos:]
	_, size := utf8.DecodeRuneInString(rest)
	op := shapeAtom
	switch {
	case rest[0] == '^' || rest[0] == '$':
		op = shapeAssert
	case rest[0] == '[':
		size = classEnd(rest, 0) + 1
	case rest[0] == '\\' && len(rest) > 1:
		_, size = utf8.DecodeRuneInString(rest[1:])
		size++
		switch {
		case strings.IndexByte("AzbB", rest[1]) >= 0:
			op = shapeAssert
		case strings.IndexByte("pPx", rest[1]) >= 0 && strings.HasPrefix(rest[2:], "{"):
			size = strings.IndexByte(rest, '}') + 1
		case rest[1] == 'x':
			size = 4
		case rest[1] == 'p' || rest[1] == 'P':
			size = 3
		}
	}
	size = min(max(size, 1), len(rest))
	p.pos += size
	s := &shape{op: op, text: rest[:size]}
	if op == shapeAtom {
		s.set, p.ok = setOf(s.text, flags)
	}
	return s
}

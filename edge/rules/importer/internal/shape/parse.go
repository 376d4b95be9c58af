package shape

// Parsing an expression in RE2 syntax.

import (
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
)

var LeadingFlags = ondemand.Regexp{Expr: `^\(\?[a-zA-Z]+\)`}

// ClassEnd returns the position of the ] at the end of the class at i, in an expression written by
// package re2: within the class every ] has a backslash.
func ClassEnd(expr string, i int) int {
	for i++; i < len(expr) && expr[i] != ']'; i++ {
		switch {
		case expr[i] == '\\':
			i++
		case strings.HasPrefix(expr[i:], "[:"):
			i += strings.Index(expr[i:], ":]") + 1
		}
	}
	return i
}

// Parse returns the tree of expr, in RE2 syntax; false if flags change within a group, which a tree
// cannot express.
func Parse(expr string) (*Node, bool) {
	p := parser{src: expr, ok: true}
	open := LeadingFlags.Get().FindString(expr)
	p.pos = len(open)
	s := p.alternation(strings.Trim(open, "(?)"))
	if open != "" {
		s = &Node{Op: Group, Text: "(?" + strings.Trim(open, "(?)") + ":", Subs: []*Node{s}}
	}
	return s, p.ok && p.pos == len(expr)
}

type parser struct {
	src string
	pos int
	ok  bool
}

// alternation reads up to the end or the `)` of the group, in which flags hold.
func (p *parser) alternation(flags string) *Node {
	var alternatives, items []*Node
	for p.ok && p.pos < len(p.src) && p.src[p.pos] != ')' {
		if p.src[p.pos] == '|' {
			p.pos++
			alternatives, items = append(alternatives, &Node{Op: Cat, Subs: items}), nil
			continue
		}
		items = append(items, p.item(flags))
	}
	last := &Node{Op: Cat, Subs: items}
	if alternatives == nil {
		return last
	}
	return &Node{Op: Alt, Subs: append(alternatives, last)}
}

// item reads an atom, an assertion or a group, with quantifiers.
func (p *parser) item(flags string) *Node {
	var s *Node
	if p.src[p.pos] == '(' {
		s = p.group(flags)
	} else {
		s = p.one(flags)
	}
	for p.ok && p.pos < len(p.src) {
		low, high, size := ReadQuantifier(p.src[p.pos:], false)
		if size == 0 {
			return s
		}
		if p.pos+size < len(p.src) && p.src[p.pos+size] == '?' {
			size++
		}
		s = &Node{Op: Repeat, Text: p.src[p.pos : p.pos+size], Low: low, High: high, Subs: []*Node{s}}
		p.pos += size
	}
	return s
}

func (p *parser) group(flags string) *Node {
	end := p.pos + 1
	named := strings.HasPrefix(p.src[p.pos:], "(?P<")
	if named {
		end = p.pos + strings.IndexByte(p.src[p.pos:], '>') + 1
	} else if strings.HasPrefix(p.src[p.pos:], "(?") {
		end = p.pos + strings.IndexAny(p.src[p.pos:], ":)") + 1
		if p.src[end-1] != ':' {
			p.ok = false // flags in the middle
			return nil
		}
		flags = addFlags(flags, p.src[p.pos+2:end-1])
	}
	s := &Node{Op: Group, Text: p.src[p.pos:end]}
	p.pos = end
	if open := LeadingFlags.Get().FindString(p.src[p.pos:]); open != "" {
		flags = addFlags(flags, strings.Trim(open, "(?)"))
		p.pos += len(open)
		if inner := (&Node{Op: Group, Text: "(?" + flags + ":"}); named {
			inner.Subs = []*Node{p.alternation(flags)}
			s.Subs = []*Node{inner}
		} else {
			s.Text = inner.Text
		}
	}
	if s.Subs == nil {
		s.Subs = []*Node{p.alternation(flags)}
	}
	if p.pos >= len(p.src) {
		p.ok = false
		return nil
	}
	p.pos++
	return s
}

// addFlags returns flags after others, such as i, is-m or -s, were set.
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

// one reads a single atom or assertion.
func (p *parser) one(flags string) *Node {
	rest := p.src[p.pos:]
	_, size := utf8.DecodeRuneInString(rest)
	op := Atom
	switch {
	case rest[0] == '^' || rest[0] == '$':
		op = Assert
	case rest[0] == '[':
		size = ClassEnd(rest, 0) + 1
	case rest[0] == '\\' && len(rest) > 1:
		_, size = utf8.DecodeRuneInString(rest[1:])
		size++
		switch {
		case strings.IndexByte("AzbB", rest[1]) >= 0:
			op = Assert
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
	s := &Node{Op: op, Text: rest[:size]}
	if op == Atom {
		s.Set, p.ok = SetOf(s.Text, flags)
	}
	return s
}

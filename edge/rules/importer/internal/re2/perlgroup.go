package re2

// Groups and flags of regexes in Perl's syntax.

import (
	"strings"
)

// group reads a group with its parentheses.
func (p *perlParser) group() error {
	if p.depth++; p.depth > MaxNesting {
		return Refuse("groups are nested too deep", "")
	}
	at := p.out.Len()
	flags := p.flags
	done, err := p.groupHead()
	if err != nil || done {
		p.depth--
		p.parts = append(p.parts, &byteNode{empty: true}) // flags or a comment
		return err
	}
	p.pending++
	p.atom = -1
	if err := p.alternation(); err != nil {
		return err
	}
	if !p.more() {
		return Refuse(WhySyntax, "a ) is missing")
	}
	p.pos++
	p.str(")")
	p.pending--
	p.depth--
	p.flags = flags
	p.atom = at
	last := &p.parts[len(p.parts)-1]
	*last = (*last).grouped()
	return nil
}

// groupHead reads from `(` to where the content begins; done: there is none.
func (p *perlParser) groupHead() (done bool, err error) {
	rest := p.src[p.pos:]
	has := func(s string) bool { return strings.HasPrefix(rest, s) }
	switch {
	case !has("(?") && !has("(*"):
		p.pos++
		p.str("(")
		return false, p.pythonFlags()
	case p.dialect.yara:
		return false, Refuse(WhySyntax, "YARA has no "+rest[:2])
	case has("(*"):
		return false, Refuse(whyVerb, UpTo(rest, ')'))
	case has("(?:"):
		p.pos += 3
		p.str("(?:")
		return false, p.pythonFlags()
	case has("(?#"):
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return false, Refuse(WhySyntax, "a comment without end")
		}
		p.pos += end + 1
		p.atom = -1
		return true, nil
	case has("(?="), has("(?!"):
		return false, Refuse(whyLookAround, "look-ahead "+rest[:3])
	case has("(?<="), has("(?<!"):
		return false, Refuse(whyLookAround, "look-behind "+rest[:4])
	case has("(?>"):
		p.partly(whyPossessive, "")
		p.pos += 3
		p.str("(?:")
		return false, nil
	case has("(?|"):
		p.pos += 3
		p.str("(?:")
		return false, nil
	case has("(?P="):
		return false, Refuse(whyBackRef, UpTo(rest, ')'))
	case has("(?("):
		return false, Refuse(whyConditional, UpTo(rest, ')'))
	case has("(?C"):
		return false, Refuse(whyVerb, UpTo(rest, ')'))
	case has("(?R"), has("(?&"), has("(?P>"), len(rest) > 2 && (IsDigit(rest[2]) || (rest[2] == '+' || rest[2] == '-') && len(rest) > 3 && IsDigit(rest[3])):
		return false, Refuse(whyRecursion, UpTo(rest, ')'))
	case has("(?P<"), has("(?<"), has("(?'"):
		end := strings.IndexAny(rest[3:], ">'")
		if has("(?P<") {
			end = strings.IndexByte(rest, '>') - 3
		}
		if end < 0 {
			return false, Refuse(WhySyntax, "a group's name without end")
		}
		name := strings.TrimPrefix(rest[2:3+end], "P")[1:]
		p.pos += 3 + end + 1
		p.str(groupHead(name))
		return false, nil
	}
	return p.flagGroup()
}

// UpTo is s up to and with the first c.
func UpTo(s string, c byte) string {
	if i := strings.IndexByte(s, c); i >= 0 {
		s = s[:i+1]
	}
	return s[:min(len(s), 40)]
}

func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// flagGroup reads (?flags) and (?flags:.
func (p *perlParser) flagGroup() (done bool, err error) {
	start := p.pos
	on, off, colon, err := p.readFlags()
	if err != nil {
		return false, err
	}
	if !colon && p.dialect.python && p.pos == start+len("(?)") {
		return false, Refuse(WhySyntax, "(?)")
	}
	if !colon && p.dialect.python && start > 0 {
		return false, Refuse(whyMidFlag, p.src[start:p.pos])
	}
	s := "(?" + on
	if off != "" {
		s += "-" + off
	}
	switch {
	case colon && s == "(?":
		p.str("(?:")
	case colon:
		p.str(s + ":")
	case s != "(?":
		p.str(s + ")")
	}
	if !colon {
		p.atom = -1
	}
	return !colon, nil
}

// readFlags reads flags up to `)` or `:`, and sets x, which is not written.
func (p *perlParser) readFlags() (on, off string, colon bool, err error) {
	start := p.pos
	set := true
	for p.pos += 2; p.more(); p.pos++ {
		switch c := p.src[p.pos]; c {
		case ')', ':':
			p.pos++
			return on, off, c == ':', nil
		case '-':
			set = false
		case '^':
			return "", "", false, Refuse(WhySyntax, "the flags (?^")
		case 'i', 'm', 's', 'U':
			if c == 'U' && p.dialect.python {
				return "", "", false, Refuse(WhySyntax, "the flag U")
			}
			if set {
				on += string(c)
			} else {
				off += string(c)
			}
			switch c {
			case 'i':
				p.flags.IgnoreCase = set
			case 'm':
				p.flags.MultiLine = set
			case 's':
				p.flags.DotAll = set
			}
		case 'x':
			p.flags.Extended = set
		case 'a', 'u', 'L', 'J', 'n':
			if p.dialect.python {
				p.flags.ascii = c == 'a'
			}
			if (c == 'J' || c == 'n') == p.dialect.python {
				return "", "", false, Refuse(WhySyntax, "the flag "+string(c))
			}
			if c == 'n' {
				continue // groups do not capture: nobody asks
			}
		default:
			return "", "", false, Refuse(WhySyntax, UpTo(p.src[start:], ')'))
		}
	}
	return "", "", false, Refuse(WhySyntax, "flags without end")
}

// pythonFlags reads flags right behind a `(` or `(?:`: fail2ban makes
// (?i:…) of ((?i)…), so that they hold for the group.
func (p *perlParser) pythonFlags() error {
	if !p.dialect.python || !p.has("(?") {
		return nil
	}
	i := p.pos + 2
	for i < len(p.src) && 'a' <= p.src[i] && p.src[i] <= 'z' {
		i++
	}
	if i == p.pos+2 || i >= len(p.src) || p.src[i] != ')' {
		return nil
	}
	on, _, _, err := p.readFlags()
	if on != "" {
		p.str("(?" + on + ")")
	}
	return err
}

// Regexes in the syntax that Perl began: those of PCRE, of Python and of YARA.

package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// dialect is what differs between the engines with that syntax.
type dialect struct {
	bytes    bool // patterns and texts are bytes, not characters
	python   bool // Python's escapes, and its rules for global flags
	yara     bool // only what YARA knows: no (? at all
	spaceVT  bool // \s includes the vertical tab
	emptyLow bool // {,n} is {0,n}
}

var (
	pcreDialect   = dialect{bytes: true, spaceVT: true}
	sigmaDialect  = dialect{spaceVT: true}
	pythonDialect = dialect{python: true, emptyLow: true}
	yaraDialect   = dialect{bytes: true, yara: true, spaceVT: true, emptyLow: true}
)

// perlFlags are the flags of an expression, or of a group of it.
type perlFlags struct{ i, m, s, x, ungreedy bool }

// String is the flags as they are written at the beginning of an expression.
func (f perlFlags) String() string {
	s := ""
	for _, flag := range []struct {
		set  bool
		name string
	}{{f.i, "i"}, {f.m, "m"}, {f.s, "s"}, {f.ungreedy, "U"}} {
		if flag.set {
			s += flag.name
		}
	}
	if s == "" {
		return ""
	}
	return "(?" + s + ")"
}

// perlParser goes through the source once and writes what it means in RE2 syntax.
type perlParser struct {
	emitter
	dialect dialect
	src     string
	pos     int
	flags   perlFlags
	depth   int
}

// translatePerl translates src. The error is a *refused.
func translatePerl(src string, d dialect, f perlFlags) (translation, error) {
	if len(src) > maxRegex {
		return translation{}, refuse("regex is too long", strconv.Itoa(len(src))+" bytes")
	}
	if !utf8.ValidString(src) {
		return translation{}, refuse(whyBytes, "")
	}
	p := &perlParser{dialect: d, src: src, flags: f}
	p.str(f.String())
	p.atom = -1
	if err := p.alternation(); err != nil {
		return translation{}, err
	}
	if p.pos < len(p.src) {
		return translation{}, refuse(whySyntax, "a ) too many")
	}
	return p.done(), nil
}

func (p *perlParser) more() bool { return p.pos < len(p.src) }

func (p *perlParser) has(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

// alternation reads up to the end or the `)` of the group.
func (p *perlParser) alternation() error {
	for p.more() && p.src[p.pos] != ')' {
		if p.src[p.pos] == '|' {
			p.pos++
			p.bar()
			continue
		}
		if err := p.item(); err != nil {
			return err
		}
	}
	return nil
}

// item reads one atom or assertion and what repeats it.
func (p *perlParser) item() error {
	if p.flags.x && p.skipSpace() {
		return nil
	}
	if err := p.one(); err != nil {
		return err
	}
	for times := 0; p.more(); times++ {
		if p.flags.x && p.skipSpace() {
			continue
		}
		again, err := p.quantifier(times)
		if err != nil || !again {
			return err
		}
	}
	return nil
}

// skipSpace skips what the flag x makes mean nothing.
func (p *perlParser) skipSpace() bool {
	switch c := p.src[p.pos]; {
	case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
		p.pos++
		return true
	case c == '#':
		if end := strings.IndexByte(p.src[p.pos:], '\n'); end >= 0 {
			p.pos += end + 1
		} else {
			p.pos = len(p.src)
		}
		return true
	}
	return false
}

func (p *perlParser) one() error {
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	switch r {
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '*', '+', '?':
		return refuse(whyNothing, p.src[p.pos:])
	case '^':
		if p.dialect.yara && p.pos > 0 {
			p.partly(whyMidAnchor, "")
		}
		p.pos++
		p.assertion("^")
	case '$':
		p.pos++
		if p.dialect.yara && p.more() {
			p.partly(whyMidAnchor, "")
		}
		p.assertion("$")
	case '.':
		p.pos++
		p.begin()
		p.str(".")
		if p.dialect.bytes {
			p.remark(noteRunes)
		}
	default:
		if _, _, n := braces(p.src[p.pos:], p.dialect.emptyLow); r == '{' && n > 0 && p.atom < 0 {
			return refuse(whyNothing, p.src[p.pos:])
		}
		p.pos += size
		if r >= utf8.RuneSelf && p.dialect.bytes {
			return p.bytesRun(string(r))
		}
		p.literal(r)
	}
	return nil
}

// bytesRun writes a character of several bytes where the source means bytes: it
// is the same unless only its last byte is repeated.
func (p *perlParser) bytesRun(s string) error {
	if p.more() && strings.IndexByte("*+?", p.src[p.pos]) >= 0 {
		return refuse(whyBytes, "a repeated byte of "+s)
	}
	if _, _, size := braces(p.src[p.pos:]+" ", p.dialect.emptyLow); p.has("{") && size > 0 {
		return refuse(whyBytes, "a repeated byte of "+s)
	}
	if p.flags.i {
		p.remark("ignoring case goes beyond ASCII")
	}
	for _, r := range s {
		p.literal(r)
	}
	return nil
}

// quantifier reads one, if there is one; times is how many there were already.
func (p *perlParser) quantifier(times int) (bool, error) {
	low, high, size := 0, -1, 1
	switch p.src[p.pos] {
	case '*':
	case '+':
		low = 1
	case '?':
		high = 1
	case '{':
		if low, high, size = braces(p.src[p.pos:], p.dialect.emptyLow); size == 0 {
			return false, nil // a plain {
		}
	default:
		return false, nil
	}
	switch {
	case p.atom < 0:
		return false, refuse(whyNothing, p.src[p.pos:])
	case high >= 0 && low > high:
		return false, refuse(whySyntax, "a repetition {n,m} with n over m")
	case low > maxRepeat || high > maxRepeat:
		return false, refuse(whyRepeat, p.src[p.pos:p.pos+size])
	case times > 0:
		return false, refuse(whySyntax, "repetition of a repetition")
	}
	p.str(repeat(low, high))
	p.pos += size
	if p.has("?") {
		p.str("?")
		p.pos++
	} else if p.has("+") && !p.dialect.yara {
		p.partly(whyPossessive, "")
		p.pos++
	}
	return true, nil
}

// group reads a group with its parentheses.
func (p *perlParser) group() error {
	if p.depth++; p.depth > maxNesting {
		return refuse("groups are nested too deep", "")
	}
	at := p.out.Len()
	flags := p.flags
	done, err := p.groupHead()
	if err != nil || done {
		p.depth--
		return err
	}
	p.pending++
	p.atom = -1
	if err := p.alternation(); err != nil {
		return err
	}
	if !p.more() {
		return refuse(whySyntax, "a ) is missing")
	}
	p.pos++
	p.str(")")
	p.pending--
	p.depth--
	p.flags = flags
	p.atom = at
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
		return false, refuse(whySyntax, "YARA has no "+rest[:2])
	case has("(*"):
		return false, refuse(whyVerb, cutAt(rest, ')'))
	case has("(?:"):
		p.pos += 3
		p.str("(?:")
		return false, p.pythonFlags()
	case has("(?#"):
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return false, refuse(whySyntax, "a comment without end")
		}
		p.pos += end + 1
		p.atom = -1
		return true, nil
	case has("(?="), has("(?!"):
		return false, refuse(whyLookAround, "look-ahead "+rest[:3])
	case has("(?<="), has("(?<!"):
		return false, refuse(whyLookAround, "look-behind "+rest[:4])
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
		return false, refuse(whyBackRef, cutAt(rest, ')'))
	case has("(?("):
		return false, refuse(whyConditional, cutAt(rest, ')'))
	case has("(?C"):
		return false, refuse(whyVerb, cutAt(rest, ')'))
	case has("(?R"), has("(?&"), has("(?P>"), len(rest) > 2 && (isDigit(rest[2]) || (rest[2] == '+' || rest[2] == '-') && len(rest) > 3 && isDigit(rest[3])):
		return false, refuse(whyRecursion, cutAt(rest, ')'))
	case has("(?P<"), has("(?<"), has("(?'"):
		end := strings.IndexAny(rest[3:], ">'")
		if has("(?P<") {
			end = strings.IndexByte(rest, '>') - 3
		}
		if end < 0 {
			return false, refuse(whySyntax, "a group's name without end")
		}
		p.pos += 3 + end + 1
		p.str("(")
		return false, nil
	}
	return p.flagGroup()
}

// cutAt is s up to and with the first c.
func cutAt(s string, c byte) string {
	if i := strings.IndexByte(s, c); i >= 0 {
		s = s[:i+1]
	}
	return s[:min(len(s), 40)]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// flagGroup reads (?flags) and (?flags:.
func (p *perlParser) flagGroup() (done bool, err error) {
	start := p.pos
	on, off, colon, err := p.readFlags()
	if err != nil {
		return false, err
	}
	if !colon && p.dialect.python && start > 0 {
		return false, refuse(whyMidFlag, p.src[start:p.pos])
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
			return "", "", false, refuse(whySyntax, "the flags (?^")
		case 'i', 'm', 's', 'U':
			if c == 'U' && p.dialect.python {
				return "", "", false, refuse(whySyntax, "the flag U")
			}
			if set {
				on += string(c)
			} else {
				off += string(c)
			}
			if c == 'i' {
				p.flags.i = set
			}
		case 'x':
			p.flags.x = set
		case 'a', 'u', 'L', 'J', 'n':
			if (c == 'J' || c == 'n') == p.dialect.python {
				return "", "", false, refuse(whySyntax, "the flag "+string(c))
			}
			if c == 'n' {
				continue // groups do not capture: nobody asks
			}
		default:
			return "", "", false, refuse(whySyntax, cutAt(p.src[start:], ')'))
		}
	}
	return "", "", false, refuse(whySyntax, "flags without end")
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

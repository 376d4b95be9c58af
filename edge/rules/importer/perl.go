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
	perl     bool // Perl's: a text ends in a line break, before which \Z holds as $ does
}

var (
	pcreDialect   = dialect{bytes: true, spaceVT: true}
	sigmaDialect  = dialect{spaceVT: true}
	spamDialect   = dialect{bytes: true, spaceVT: true, perl: true}
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

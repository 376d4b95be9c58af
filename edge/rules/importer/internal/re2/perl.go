package re2

// Regexes in Perl's syntax: those of PCRE, Python, YARA, Sigma and SpamAssassin.

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/shape"
)

// dialect holds the differences between engines with Perl's syntax.
type dialect struct {
	bytes    bool // patterns and texts are bytes, not characters
	python   bool // Python's escapes, and Python's rules for global flags
	yara     bool // YARA's subset, without (?
	spaceVT  bool // \s includes the vertical tab
	emptyLow bool // {,n} is {0,n}; further dialects differ between releases, see newRepeat
	lastLine bool // $ also holds before a line break at the end of the text
	json     bool // characters of the text may be escaped as in JSON
	perl     bool // texts end in a line break, before which \Z holds like $
}

var (
	PCRE         = dialect{bytes: true, spaceVT: true, lastLine: true}
	Sigma        = dialect{spaceVT: true, json: true}
	SpamAssassin = dialect{bytes: true, spaceVT: true, perl: true}
	Python       = dialect{python: true, emptyLow: true}
	YARA         = dialect{bytes: true, yara: true, spaceVT: true, emptyLow: true}
)

// newRepeat finds {,n} and repetitions with blanks, which shape.ReadCount does not read. Perl 5.34
// and PCRE2 10.43 turned both from text into repetitions.
var newRepeat = ondemand.Regexp{Expr: `^\{[ \t]*(?:[0-9]+[ \t]*(?:,[ \t]*[0-9]*[ \t]*)?|,[ \t]*[0-9]+[ \t]*)\}`}

const whyNewRepeat = "{,n} and {n, m} are text before PCRE2 10.43 and Perl 5.34, and repetitions since: write {0,n} or {n,m}"

// Flags are the flags of an expression or of a group. EndOnly, Wide and Anywhere hold for a whole
// expression.
type Flags struct {
	IgnoreCase, MultiLine, DotAll, Extended, Ungreedy bool

	ascii bool // Python's \w \d \s contain ASCII only

	EndOnly  bool // $ holds only at the end of the text
	Wide     bool // each byte of the text is followed by a zero
	Anywhere bool // ^ and $ are ignored: the text is a part of unknown place
}

// String returns the flags as written at the beginning of an expression.
func (f Flags) String() string {
	s := ""
	for _, flag := range []struct {
		set  bool
		name string
	}{{f.IgnoreCase, "i"}, {f.MultiLine, "m"}, {f.DotAll, "s"}, {f.Ungreedy, "U"}} {
		if flag.set {
			s += flag.name
		}
	}
	if s == "" {
		return ""
	}
	return "(?" + s + ")"
}

// perlParser reads the source once and writes RE2 syntax.
type perlParser struct {
	emitter
	dialect dialect
	src     string
	pos     int
	flags   Flags
	depth   int

	parts []*byteNode // of the current sequence, if dialect.bytes
}

// Perl translates src. The error is a *Refused.
func Perl(src string, d dialect, f Flags) (Translation, error) {
	if len(src) > MaxRegex {
		return Translation{}, Refuse("regex is too long", strconv.Itoa(len(src))+" bytes")
	}
	if !utf8.ValidString(src) {
		return Translation{}, Refuse(WhyBytes, "")
	}
	p := &perlParser{dialect: d, src: src, flags: f}
	p.str(f.String())
	p.atom = -1
	if err := p.alternation(); err != nil {
		return Translation{}, err
	}
	if p.pos < len(p.src) {
		return Translation{}, Refuse(WhySyntax, "a ) too many")
	}
	return p.finish(), nil
}

// finish returns the translation, after replacing counts of bytes by counts of characters.
func (p *perlParser) finish() Translation {
	if !p.dialect.bytes {
		return p.done()
	}
	var w byteWriter
	all := p.parts[0]
	w.settle(all, edgeOpen, edgeOpen)
	if w.more {
		p.partly(WhyCounted, "")
	}
	t := p.done()
	t.edited(w.edits)
	t.Opens, t.Closes = all.first != 0, all.last != 0
	return t
}

func (p *perlParser) more() bool { return p.pos < len(p.src) }

func (p *perlParser) has(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

// alternation reads up to the end or the `)` of the group, and adds the group to the parts around.
func (p *perlParser) alternation() error {
	around := p.parts
	p.parts = nil
	var alternatives []*byteNode
	for p.more() && p.src[p.pos] != ')' {
		if p.src[p.pos] == '|' {
			p.pos++
			p.bar()
			alternatives = append(alternatives, sequenceOf(p.parts))
			p.parts = nil
			continue
		}
		if err := p.item(); err != nil {
			return err
		}
	}
	p.parts = append(around, alternativesOf(append(alternatives, sequenceOf(p.parts))))
	return nil
}

// item reads an atom or assertion with quantifiers.
func (p *perlParser) item() error {
	if p.flags.Extended && p.skipSpace() {
		return nil
	}
	before, at := len(p.parts), p.out.Len()
	if err := p.one(); err != nil {
		return err
	}
	if len(p.parts) == before && p.out.Len() > at {
		p.parts = append(p.parts, &byteNode{}) // whole characters, or a place between two
	}
	for times := 0; p.more(); times++ {
		if p.flags.Extended && p.skipSpace() {
			continue
		}
		found, err := p.quantifier(times)
		if err != nil || !found {
			return err
		}
	}
	return nil
}

// skipSpace skips white space and comments under the flag x.
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
		return Refuse(whyNothing, p.src[p.pos:])
	case '^':
		if p.dialect.yara && p.pos > 0 {
			p.partly(whyMidAnchor, "")
		}
		p.pos++
		p.edge("^")
	case '$':
		p.pos++
		if p.dialect.yara && p.more() {
			p.partly(whyMidAnchor, "")
		}
		p.end()
	case '.':
		p.pos++
		p.classOf(".")
	default:
		if _, _, n := shape.ReadCount(p.src[p.pos:], p.dialect.emptyLow); r == '{' && n > 0 && p.atom < 0 {
			return Refuse(whyNothing, p.src[p.pos:])
		}
		if new := newRepeat.Get().FindString(p.src[p.pos:]); new != "" && !p.dialect.emptyLow {
			return Refuse(whyNewRepeat, new)
		}
		p.pos += size
		if r >= utf8.RuneSelf && p.dialect.bytes {
			return p.bytesRun(string(r))
		}
		p.char1(r)
	}
	return nil
}

// edge writes an assertion about the beginning or end of the text.
func (p *perlParser) edge(s string) {
	if p.flags.Anywhere {
		p.partly(whyAnchors, "")
		p.atom = -1
		return
	}
	p.assertion(s)
}

// end writes `$`, which in PCRE also holds before a line break at the end.
func (p *perlParser) end() {
	switch {
	case !p.dialect.lastLine || p.flags.MultiLine || p.flags.EndOnly || p.flags.Anywhere:
		p.edge("$")
	case !p.more() || p.has(")") || p.has("|"):
		p.assertion(`(?:\n?\z)`)
	default:
		p.partly(whyMidEnd, p.src)
		p.atom = -1
	}
}

// classOf writes a class of characters or a `.`.
func (p *perlParser) classOf(class string) {
	if p.dialect.json {
		p.begin()
		p.str(jsonClass(class, p.flags, p.src[p.pos:]))
		return
	}
	if p.flags.Wide {
		p.str("(?:")
	}
	if p.dialect.bytes && p.flags.IgnoreCase {
		class = foldedWide(class)
	}
	p.begin()
	from := p.out.Len()
	p.str(class)
	n := &byteNode{}
	if p.dialect.bytes {
		if wide := wideNode(class, from, p.out.Len(), p.flags); wide != nil {
			n = wide
		}
	}
	if p.flags.Wide {
		p.str(`\x00)`)
		p.atom = from - len("(?:")
		n = sequenceOf([]*byteNode{n, {}})
	}
	p.parts = append(p.parts, n)
}

// char1 writes a character that stands for itself.
func (p *perlParser) char1(r rune) {
	if p.dialect.json {
		p.begin()
		p.str(jsonChar(r, p.flags.IgnoreCase))
		return
	}
	if !p.flags.Wide {
		p.literal(r)
		return
	}
	repeated := p.more() && strings.IndexByte("*+?{", p.src[p.pos]) >= 0
	if repeated {
		p.str("(?:")
	}
	p.literal(r)
	p.str(`\x00`)
	if repeated {
		p.str(")")
		p.atom -= len("(?:")
	}
}

// bytesRun writes a character of several bytes. A regex for bytes differs only if the last byte is
// repeated, and is refused then.
func (p *perlParser) bytesRun(s string) error {
	if p.more() && strings.IndexByte("*+?", p.src[p.pos]) >= 0 {
		return Refuse(WhyBytes, "a repeated byte of "+s)
	}
	if _, _, size := shape.ReadCount(p.src[p.pos:]+" ", p.dialect.emptyLow); p.has("{") && size > 0 {
		return Refuse(WhyBytes, "a repeated byte of "+s)
	}
	if p.flags.Wide {
		return Refuse(WhyBytes, "a byte of "+s+" in wide text")
	}
	if p.flags.IgnoreCase {
		p.partly(WhyFold, s)
	}
	for _, r := range s {
		p.literal(r)
	}
	return nil
}

// quantifier reads a quantifier, if present. times is the number of quantifiers before.
func (p *perlParser) quantifier(times int) (bool, error) {
	low, high, size := shape.ReadQuantifier(p.src[p.pos:], p.dialect.emptyLow)
	if size == 0 {
		return false, nil
	}
	if err := p.checkRepeat(low, high, p.src[p.pos:], size); err != nil {
		return false, err
	}
	if times > 0 {
		return false, Refuse(WhySyntax, "repetition of a repetition")
	}
	p.str(shape.Quantifier(low, high))
	p.pos += size
	lazy := p.has("?")
	if lazy {
		p.str("?")
		p.pos++
	} else if p.has("+") && !p.dialect.yara {
		p.partly(whyPossessive, "")
		p.pos++
	}
	if last := len(p.parts) - 1; last >= 0 {
		p.parts[last] = p.parts[last].repeated(low, high, p.out.Len(), lazy)
	}
	return true, nil
}

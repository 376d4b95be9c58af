package re2

// POSIX regexes with GNU's extensions: extended ones of grep -E, and basic ones of grep.

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

const (
	noteLocale   = `\w, \b, [[:alpha:]] and the like know ASCII only, as grep with LC_ALL=C`
	noteStray    = "a backslash before an ordinary character means nothing in grep (\\d is d)"
	whyWordBegin = `finds more: \< is \b, which also holds at a word's end`
	whyWordEnd   = `finds more: \> is \b, which also holds at a word's beginning`
)

// posixParser reads the source once.
type posixParser struct {
	emitter
	src   string
	pos   int
	basic bool
	first bool // at the beginning of the regex, a group or an alternative
	fresh bool // first, or behind a ^ at the beginning
}

// ERE translates a POSIX extended regex. The error is a *Refused.
func ERE(src string) (Translation, error) { return translatePOSIX(src, false) }

// BRE translates a POSIX basic regex. The error is a *Refused.
func BRE(src string) (Translation, error) { return translatePOSIX(src, true) }

func translatePOSIX(src string, basic bool) (Translation, error) {
	if len(src) > MaxRegex {
		return Translation{}, Refuse("regex is too long", strconv.Itoa(len(src))+" bytes")
	}
	if !utf8.ValidString(src) {
		return Translation{}, Refuse(WhyBytes, "")
	}
	p := &posixParser{src: src, basic: basic}
	p.atom = -1
	p.start()
	if err := p.alternation(); err != nil {
		return Translation{}, err
	}
	if p.more() {
		return Translation{}, Refuse(WhySyntax, "a ) too many")
	}
	t := p.done()
	p.words(&t)
	return t, nil
}

func (p *posixParser) more() bool { return p.pos < len(p.src) }

// operator returns which of ( ) | * + ? { is at position at, and the length: in a basic regex all
// but * have a backslash. It returns 0 for anything else.
func (p *posixParser) operator(at int) (op byte, size int) {
	if at >= len(p.src) {
		return 0, 0
	}
	op, size = p.src[at], 1
	if p.basic && op != '*' {
		if op != '\\' || at+1 >= len(p.src) || p.src[at+1] == '*' {
			return 0, 0
		}
		op, size = p.src[at+1], 2
	}
	if strings.IndexByte("()|*+?{", op) < 0 {
		return 0, 0
	}
	return op, size
}

func (p *posixParser) alternation() error {
	for p.more() {
		switch op, size := p.operator(p.pos); op {
		case ')':
			return nil
		case '|':
			p.pos += size
			p.bar()
			p.start()
			continue
		}
		if err := p.one(); err != nil {
			return err
		}
		for times := 0; p.more(); times++ {
			found, err := p.quantifier(times)
			if err != nil {
				return err
			}
			if !found {
				break
			}
		}
	}
	return nil
}

func (p *posixParser) one() error {
	start, first, fresh := p.pos, p.first, p.fresh
	p.first, p.fresh = false, false
	switch op, size := p.operator(start); op {
	case '(':
		p.pos += size
		return p.group()
	case '*', '+', '?':
		if p.basic && fresh {
			p.pos += size
			p.literal(rune(op))
			return nil
		}
		return Refuse(whyNothing, p.src[start:])
	case '{':
		// The matchers of grep disagree about { without anything to repeat.
		if p.basic || p.atom < 0 || strings.HasPrefix(p.src[start+size:], "}") {
			return Refuse(whyNothing, p.src[start:])
		}
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += size
	switch r {
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '^', '$':
		if p.basic && (r == '^' && !first || r == '$' && !p.atEnd()) {
			p.literal(r)
			return nil
		}
		p.fresh = r == '^'
		p.assertion(string(r))
	case '.':
		p.begin()
		p.str(".")
	default:
		p.literal(r)
	}
	return nil
}

// start begins a regex, an alternative or a group.
func (p *posixParser) start() { p.first, p.fresh = true, true }

// atEnd reports whether a basic regex, alternative or group ends here.
func (p *posixParser) atEnd() bool {
	op, _ := p.operator(p.pos)
	return !p.more() || op == ')' || op == '|'
}

func (p *posixParser) quantifier(times int) (bool, error) {
	op, size := p.operator(p.pos)
	if p.fresh && p.basic && op != '{' {
		return false, nil // literal behind a ^
	}
	low, high := 0, -1
	switch op {
	case '*':
	case '+':
		low = 1
	case '?':
		high = 1
	case '{':
		var err error
		if low, high, size, err = p.interval(); size == 0 {
			return false, err
		}
	default:
		return false, nil
	}
	if err := p.checkRepeat(low, high, p.src[p.pos:], size); err != nil {
		return false, err
	}
	if times > 8 {
		return false, Refuse("groups are nested too deep", "")
	}
	if times > 0 {
		p.wrap()
	}
	p.str(shape.Quantifier(low, high))
	p.pos += size
	return true, nil
}

// interval reads {n,m}, or \{n,m\} in a basic regex. size is 0 for a literal { in an extended
// regex.
func (p *posixParser) interval() (low, high, size int, err error) {
	s := p.src[p.pos:]
	if !p.basic {
		low, high, size = shape.ReadCount(s, true)
		return low, high, size, nil
	}
	inner, _, ok := strings.Cut(s[2:], `\}`)
	if low, high, size = shape.ReadCount("{"+inner+"}", true); !ok || size != len(inner)+2 {
		return 0, 0, 0, Refuse(WhySyntax, UpTo(s, '}'))
	}
	return low, high, size + 2, nil
}

func (p *posixParser) group() error {
	if p.pending++; p.pending > MaxNesting {
		return Refuse("groups are nested too deep", "")
	}
	at := p.out.Len()
	p.str("(")
	p.atom = -1
	p.start()
	if err := p.alternation(); err != nil {
		return err
	}
	_, size := p.operator(p.pos)
	if size == 0 {
		return Refuse(WhySyntax, "a ) is missing")
	}
	p.pos += size
	p.str(")")
	p.pending--
	p.atom, p.first, p.fresh = at, false, false
	return nil
}

func (p *posixParser) escape() error {
	if !p.more() {
		return Refuse(WhySyntax, `a \ at the end`)
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += size
	switch r {
	case 'w', 'W':
		p.begin()
		p.str(`\` + string(r))
		p.remark(noteLocale)
	case 's':
		p.begin()
		p.str(`[\s\v]`)
	case 'S':
		p.begin()
		p.str(`[^\s\v]`)
	case 'b', 'B':
		p.assertion(`\` + string(r))
		p.remark(noteLocale)
	case '<', '>':
		if r == '<' {
			p.begins = append(p.begins, p.out.Len())
		} else {
			p.ends = append(p.ends, p.out.Len())
		}
		p.assertion(`\b`)
		p.remark(noteLocale)
	case '`':
		p.assertion("^")
	case '\'':
		p.assertion("$")
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Refuse(whyBackRef, `\`+string(r))
	default:
		if r >= utf8.RuneSelf || IsWordByte(byte(r)) {
			p.remark(noteStray)
		}
		p.literal(r)
	}
	return nil
}

// class reads a bracket expression behind the [. A backslash is literal.
func (p *posixParser) class() error {
	p.begin()
	p.str("[")
	start := p.pos
	if strings.HasPrefix(p.src[p.pos:], "^") {
		p.pos++
		p.str("^")
	}
	for first := true; ; first = false {
		if !p.more() {
			return Refuse(WhySyntax, "a ] is missing")
		}
		if p.src[p.pos] == ']' && !first {
			if s := p.src[start:p.pos]; len(s) > 1 && s[0] == ':' && s[len(s)-1] == ':' {
				return Refuse(WhySyntax, "["+s+"] outside of [ ]")
			}
			p.pos++
			p.str("]")
			return nil
		}
		if name, ok := p.bracketed(':'); ok {
			if !isPOSIXClass(name) || name == "ascii" || name == "word" {
				return Refuse(WhySyntax, "the class [:"+name+":]")
			}
			p.str("[:" + name + ":]")
			p.remark(noteLocale)
			continue
		}
		low, err := p.classChar()
		if err != nil {
			return err
		}
		high := low
		if s := p.src[p.pos:]; len(s) > 1 && s[0] == '-' && s[1] != ']' {
			p.pos++
			if high, err = p.classChar(); err != nil {
				return err
			}
		}
		if low > high {
			return Refuse(WhySyntax, "the range "+string(low)+"-"+string(high)+" is backwards")
		}
		p.str(shape.QuoteRune(low, shape.ClassSpecial))
		if high > low {
			p.str("-" + shape.QuoteRune(high, shape.ClassSpecial))
		}
	}
}

// classChar reads a character of a bracket expression, also as [.x.] or [=x=].
func (p *posixParser) classChar() (rune, error) {
	for _, mark := range []byte{'.', '='} {
		name, ok := p.bracketed(mark)
		if !ok {
			continue
		}
		r, size := utf8.DecodeRuneInString(name)
		if size == 0 || size != len(name) {
			return 0, Refuse(whyEscape, "the collating element "+name)
		}
		return r, nil
	}
	if strings.HasPrefix(p.src[p.pos:], "[:") {
		return 0, Refuse(WhySyntax, "a range that ends in a class")
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	if size == 0 {
		return 0, Refuse(WhySyntax, "a ] is missing")
	}
	p.pos += size
	return r, nil
}

// bracketed reads [:name:], [.name.] or [=name=].
func (p *posixParser) bracketed(mark byte) (string, bool) {
	s := p.src[p.pos:]
	if len(s) < 2 || s[0] != '[' || s[1] != mark {
		return "", false
	}
	name, _, ok := strings.Cut(s[2:], string(mark)+"]")
	if ok {
		p.pos += len(name) + 4
	}
	return name, ok
}

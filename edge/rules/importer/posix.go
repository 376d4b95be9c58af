// POSIX extended regexes with GNU's extensions, as grep -E has them.

package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	noteLocale   = `\w, \b, [[:alpha:]] and the like know ASCII only, as grep with LC_ALL=C`
	noteStray    = "a backslash before an ordinary character means nothing in grep -E (\\d is d)"
	whyWordBegin = `finds more: \< is \b, which also holds at a word's end`
	whyWordEnd   = `finds more: \> is \b, which also holds at a word's beginning`
)

// ereParser goes through the source once.
type ereParser struct {
	emitter
	src string
	pos int
}

// translateERE translates a POSIX extended regex. The error is a *refused.
func translateERE(src string) (translation, error) {
	if len(src) > maxRegex {
		return translation{}, refuse("regex is too long", strconv.Itoa(len(src))+" bytes")
	}
	if !utf8.ValidString(src) {
		return translation{}, refuse(whyBytes, "")
	}
	p := &ereParser{src: src}
	p.atom = -1
	if err := p.alternation(); err != nil {
		return translation{}, err
	}
	if p.pos < len(src) {
		return translation{}, refuse(whySyntax, "a ) too many")
	}
	t := p.done()
	p.words(&t)
	return t, nil
}

func (p *ereParser) more() bool { return p.pos < len(p.src) }

func (p *ereParser) alternation() error {
	for p.more() && p.src[p.pos] != ')' {
		if p.src[p.pos] == '|' {
			p.pos++
			p.bar()
			continue
		}
		if err := p.one(); err != nil {
			return err
		}
		for times := 0; p.more(); times++ {
			again, err := p.quantifier(times)
			if err != nil {
				return err
			}
			if !again {
				break
			}
		}
	}
	return nil
}

func (p *ereParser) one() error {
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += size
	switch r {
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '*', '+', '?':
		return refuse(whyNothing, p.src[p.pos-1:])
	case '^', '$':
		p.assertion(string(r))
	case '.':
		p.begin()
		p.str(".")
	case '{':
		// grep's matchers do not agree on what it means where nothing is to be repeated.
		if p.atom < 0 || strings.HasPrefix(p.src[p.pos:], "}") {
			return refuse(whyNothing, p.src[p.pos-1:])
		}
		p.literal(r)
	default:
		p.literal(r)
	}
	return nil
}

func (p *ereParser) quantifier(times int) (bool, error) {
	low, high, size := 0, -1, 1
	switch p.src[p.pos] {
	case '*':
	case '+':
		low = 1
	case '?':
		high = 1
	case '{':
		if low, high, size = braces(p.src[p.pos:], true); size == 0 {
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
	case times > 8:
		return false, refuse("groups are nested too deep", "")
	}
	if times > 0 {
		p.wrap()
	}
	p.str(repeat(low, high))
	p.pos += size
	return true, nil
}

func (p *ereParser) group() error {
	if p.pending++; p.pending > maxNesting {
		return refuse("groups are nested too deep", "")
	}
	at := p.out.Len()
	p.str("(")
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
	p.atom = at
	return nil
}

func (p *ereParser) escape() error {
	if !p.more() {
		return refuse(whySyntax, `a \ at the end`)
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
		return refuse(whyBackRef, `\`+string(r))
	default:
		if r >= utf8.RuneSelf || isWordByte(byte(r)) {
			p.remark(noteStray)
		}
		p.literal(r)
	}
	return nil
}

// class reads a bracket expression; its [ has been read. A backslash is nothing
// special in it.
func (p *ereParser) class() error {
	p.begin()
	p.str("[")
	start := p.pos
	if strings.HasPrefix(p.src[p.pos:], "^") {
		p.pos++
		p.str("^")
	}
	for first := true; ; first = false {
		if !p.more() {
			return refuse(whySyntax, "a ] is missing")
		}
		if p.src[p.pos] == ']' && !first {
			if s := p.src[start:p.pos]; len(s) > 1 && s[0] == ':' && s[len(s)-1] == ':' {
				return refuse(whySyntax, "["+s+"] outside of [ ]")
			}
			p.pos++
			p.str("]")
			return nil
		}
		if name, ok := p.bracketed(':'); ok {
			if !isPOSIXClass(name) || name == "ascii" || name == "word" {
				return refuse(whySyntax, "the class [:"+name+":]")
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
			return refuse(whySyntax, "the range "+string(low)+"-"+string(high)+" is backwards")
		}
		p.str(quoteRune(low, classSpecial))
		if high > low {
			p.str("-" + quoteRune(high, classSpecial))
		}
	}
}

// classChar reads a character of a bracket expression, also as [.x.] or [=x=].
func (p *ereParser) classChar() (rune, error) {
	for _, mark := range []byte{'.', '='} {
		name, ok := p.bracketed(mark)
		if !ok {
			continue
		}
		r, size := utf8.DecodeRuneInString(name)
		if size == 0 || size != len(name) {
			return 0, refuse(whyEscape, "the collating element "+name)
		}
		return r, nil
	}
	if strings.HasPrefix(p.src[p.pos:], "[:") {
		return 0, refuse(whySyntax, "a range that ends in a class")
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	if size == 0 {
		return 0, refuse(whySyntax, "a ] is missing")
	}
	p.pos += size
	return r, nil
}

// bracketed reads [:name:], [.name.] or [=name=].
func (p *ereParser) bracketed(mark byte) (string, bool) {
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

package re2

// Character classes in Perl's syntax.

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

// classParser collects the members of a class. Bytes over \x7f are apart, since classes of RE2
// contain characters.
type classParser struct {
	items strings.Builder
	high  [128]bool
	bytes int // number of bytes in high
}

// class reads […].
func (p *perlParser) class() error {
	if p.dialect.python {
		if done, err := p.unicodeBracket(); done {
			return err
		}
	}
	start := p.pos
	p.pos++
	negated := p.has("^")
	if negated {
		p.pos++
	}
	var c classParser
	for first := true; ; first = false {
		if !p.more() {
			return Refuse(WhySyntax, "a ] is missing")
		}
		if p.src[p.pos] == ']' && !first {
			if s := p.src[start+1 : p.pos]; len(s) > 1 && s[0] == ':' && s[len(s)-1] == ':' && !p.dialect.python {
				return Refuse(WhySyntax, "["+s+"] outside of [ ]")
			}
			p.pos++
			break
		}
		if err := p.classItem(&c); err != nil {
			return err
		}
	}
	switch c.bytes {
	case 0:
	case len(c.high):
		c.items.WriteString(`\x{80}-\x{10ffff}`)
	default:
		return Refuse(WhyBytes, p.src[start:p.pos])
	}
	if c.items.Len() == 0 {
		return Refuse(WhySyntax, "an empty class")
	}
	opening := "["
	if negated {
		opening = "[^"
	}
	p.classOf(opening + c.items.String() + "]")
	return nil
}

// classItem reads a character, range or named class within a class.
func (p *perlParser) classItem(c *classParser) error {
	if s := p.src[p.pos:]; strings.HasPrefix(s, "[:") && !p.dialect.python && !p.dialect.yara {
		if end := strings.Index(s[2:], ":]"); end >= 0 {
			return p.posixClass(c, s[:2+end+2])
		}
	}
	if p.has(`\`) && p.pos+1 < len(p.src) {
		if s, ok := p.classEscape(p.src[p.pos+1], true); ok {
			p.pos += 2
			c.items.WriteString(s)
			if p.has("-") && !p.has("-]") {
				return Refuse(WhySyntax, "a range that begins with a class")
			}
			return nil
		}
	}
	low, lowByte, err := p.classChar()
	if err != nil {
		return err
	}
	high, highByte := low, lowByte
	if p.has("-") && p.pos+1 < len(p.src) && p.src[p.pos+1] != ']' {
		if p.pos++; p.classFollows() {
			return Refuse(WhySyntax, "a range that ends in a class")
		}
		if high, highByte, err = p.classChar(); err != nil {
			return err
		}
	}
	if low > high {
		return Refuse(WhySyntax, fmt.Sprintf("the range %c-%c is backwards", low, high))
	}
	return p.addRange(c, low, high, lowByte || highByte)
}

// classFollows reports whether a named class such as \w follows.
func (p *perlParser) classFollows() bool {
	s := p.src[p.pos:]
	return len(s) > 1 && s[0] == '\\' && strings.IndexByte("dDwWsS", s[1]) >= 0 || strings.HasPrefix(s, "[:")
}

func (p *perlParser) classChar() (rune, bool, error) {
	s := p.src[p.pos:]
	if strings.HasPrefix(s, `\b`) {
		p.pos += 2
		if p.dialect.yara {
			return 'b', false, nil
		}
		return '\b', false, nil
	}
	if len(s) > 1 && s[0] == '\\' && IsDigit(s[1]) && s[1] > '7' {
		return 0, false, Refuse(WhySyntax, s[:2])
	}
	r, size, isByte, err := p.char(s)
	p.pos += size
	return r, isByte, err
}

// addRange adds low to high. In a dialect of bytes, bytes over \x7f are added to c.high.
func (p *perlParser) addRange(c *classParser, low, high rune, isByte bool) error {
	if p.dialect.bytes && high >= utf8.RuneSelf {
		if !isByte {
			return Refuse(WhyBytes, "a class with "+string(high))
		}
		for b := max(low, utf8.RuneSelf); b <= high; b++ {
			if !c.high[b-utf8.RuneSelf] {
				c.high[b-utf8.RuneSelf] = true
				c.bytes++
			}
		}
		if low >= utf8.RuneSelf {
			return nil
		}
		high = utf8.RuneSelf - 1
	}
	c.items.WriteString(shape.QuoteRune(low, shape.ClassSpecial))
	if high > low {
		c.items.WriteString("-" + shape.QuoteRune(high, shape.ClassSpecial))
	}
	return nil
}

// posixClass reads [:name:] within a class.
func (p *perlParser) posixClass(c *classParser, s string) error {
	name := strings.TrimPrefix(s[2:len(s)-2], "^")
	if !isPOSIXClass(name) {
		return Refuse(WhySyntax, "the class "+s)
	}
	p.pos += len(s)
	c.items.WriteString(s)
	return nil
}

// isPOSIXClass reports whether RE2 syntax has [:name:], always a class of ASCII.
func isPOSIXClass(name string) bool {
	switch name {
	case "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit":
		return true
	}
	return false
}

package re2

// Escapes in Perl's syntax, outside of classes and within.

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape reads an escape outside of a class.
func (p *perlParser) escape() error {
	if p.pos+1 >= len(p.src) {
		return Refuse(WhySyntax, `a \ at the end`)
	}
	c := p.src[p.pos+1]
	switch {
	case (c == 'b' || c == 'B') && p.flags.Wide:
		return Refuse(whyWideBoundary, p.src[p.pos:p.pos+2])
	case p.dialect.yara && c == 'b':
		p.pos += 2
		p.assertion(yaraBoundary)
		return nil
	case c == 'b' || c == 'B':
		p.pos += 2
		if p.dialect.yara {
			p.partly(whyInside, "")
		}
		from := p.out.Len()
		p.assertion(`\` + string(c))
		if c == 'B' {
			p.parts = append(p.parts, &byteNode{kind: byteNotWord, from: from, to: p.out.Len(), empty: true})
		}
		return nil
	case c == 'A' && !p.dialect.yara:
		p.pos += 2
		if p.flags.MultiLine {
			p.str(`(?-m:`)
			p.edge("^")
			p.str(`)`)
			p.atom = -1
			return nil
		}
		p.edge("^")
		return nil
	case c == 'Z' && p.dialect.lastLine:
		p.pos += 2
		f := p.flags
		p.flags.EndOnly, p.flags.MultiLine = false, false
		p.end()
		p.flags = f
		return nil
	case c == 'Z' && p.dialect.perl:
		p.pos += 2
		p.assertion("$")
		return nil
	case (c == 'Z' || c == 'z') && !p.dialect.yara:
		if c == 'z' && p.dialect.python {
			return Refuse(WhySyntax, `\z`)
		}
		p.pos += 2
		p.edge(`\z`)
		return nil
	case IsDigit(c) && c != '0' && !p.isOctal():
		return Refuse(whyBackRef, p.src[p.pos:p.pos+2])
	case strings.IndexByte("kg", c) >= 0 && !p.dialect.yara:
		return Refuse(whyBackRef, p.src[p.pos:p.pos+2])
	case c == 'Q' && !p.dialect.python && !p.dialect.yara:
		return p.quotedRun()
	}
	if s, ok := p.classEscape(c, false); ok {
		p.pos += 2
		p.classOf(s)
		return nil
	}
	return p.charEscape()
}

// isOctal distinguishes \012 and \123 from back-references.
func (p *perlParser) isOctal() bool {
	s := p.src[p.pos+1:]
	if len(s) < 3 {
		return false
	}
	for i := range 3 {
		if s[i] < '0' || s[i] > '7' {
			return false
		}
	}
	return true
}

// quotedRun reads \Q…\E.
func (p *perlParser) quotedRun() error {
	text, after, _ := strings.Cut(p.src[p.pos+2:], `\E`)
	p.pos = len(p.src) - len(after)
	for _, r := range text {
		if r >= utf8.RuneSelf && p.dialect.bytes {
			if err := p.bytesRun(string(r)); err != nil {
				return err
			}
			continue
		}
		p.char1(r)
	}
	return nil
}

// classEscape returns the class for \d and the like, as members of a class if inClass is set.
func (p *perlParser) classEscape(c byte, inClass bool) (string, bool) {
	if p.dialect.python && !p.flags.ascii {
		return unicodeClass(c, inClass)
	}
	bracket := func(s string) string {
		if inClass {
			return s
		}
		return "[" + s + "]"
	}
	switch c {
	case 'd', 'D', 'w', 'W':
		return `\` + string(c), true
	case 's':
		if p.dialect.spaceVT || p.dialect.python {
			return bracket(`\s\v`), true
		}
		return `\s`, true
	case 'S':
		if !p.dialect.spaceVT && !p.dialect.python {
			return `\S`, true
		}
		if !inClass {
			return `[^\s\v]`, true
		}
		return `\x00-\x08\x0e-\x1f!-\x{10ffff}`, true
	}
	if p.dialect.python || p.dialect.yara {
		return "", false
	}
	switch c {
	case 'h':
		p.highSpace(`\h is also the byte a0`)
		return bracket(`\t `), true
	case 'v':
		p.highSpace(`\v is also the byte 85`)
		return bracket(`\n-\r`), true
	case 'N':
		if !inClass && !strings.HasPrefix(p.src[p.pos+2:], "{") {
			return `[^\n]`, true
		}
	}
	return "", false
}

// highSpace notes a byte over \x7f in a class of white space of PCRE.
func (p *perlParser) highSpace(detail string) {
	if p.dialect.bytes {
		p.partly(whyHighSpace, detail)
	}
}

// charEscape reads the escape of a character.
func (p *perlParser) charEscape() error {
	r, size, isByte, err := p.char(p.src[p.pos:])
	if err != nil {
		return err
	}
	if !isByte || r < utf8.RuneSelf || !p.dialect.bytes {
		p.pos += size
		p.char1(r)
		return nil
	}
	// Bytes over \x7f can form a character together with the following escapes.
	var run []byte
	for isByte && r >= utf8.RuneSelf {
		run = append(run, byte(r))
		p.pos += size
		if !p.has(`\`) || utf8.Valid(run) {
			break
		}
		if r, size, isByte, err = p.char(p.src[p.pos:]); err != nil {
			break // run is refused below
		}
	}
	if !utf8.Valid(run) {
		return Refuse(WhyBytes, fmt.Sprintf(`\x%x`, run))
	}
	return p.bytesRun(string(run))
}

// char reads the character or escape at the beginning of s. isByte says that the escape is the
// number of a byte.
func (p *perlParser) char(s string) (r rune, size int, isByte bool, err error) {
	if s[0] != '\\' {
		r, size = utf8.DecodeRuneInString(s)
		return r, size, false, nil
	}
	if len(s) < 2 {
		return 0, 0, false, Refuse(WhySyntax, `a \ at the end`)
	}
	c := s[1]
	if i := strings.IndexByte("nrtfa", c); i >= 0 {
		if c == 'a' && p.dialect.yara || c == 'f' && p.dialect.yara {
			return rune("\f\a"[strings.IndexByte("fa", c)]), 2, false, nil
		}
		return rune("\n\r\t\f\a"[i]), 2, false, nil
	}
	switch {
	case c == 'x':
		return p.hexChar(s)
	case c == 'u' && p.dialect.python, c == 'U' && p.dialect.python:
		digits := map[byte]int{'u': 4, 'U': 8}[c]
		if len(s) < 2+digits {
			return 0, 0, false, Refuse(WhySyntax, UpTo(s, ' '))
		}
		n, err := strconv.ParseUint(s[2:2+digits], 16, 31)
		if err != nil || !utf8.ValidRune(rune(n)) {
			return 0, 0, false, Refuse(WhySyntax, s[:2+digits])
		}
		return rune(n), 2 + digits, false, nil
	case c == 'e' && !p.dialect.python && !p.dialect.yara:
		return 0x1b, 2, false, nil
	case c == 'v' && p.dialect.python:
		return '\v', 2, false, nil
	case c == 'c' && !p.dialect.python && !p.dialect.yara:
		if len(s) < 3 || s[2] <= ' ' || s[2] > '~' {
			return 0, 0, false, Refuse(WhySyntax, `\c`)
		}
		return unicode.ToUpper(rune(s[2])) ^ 0x40, 3, false, nil
	case IsDigit(c) && !p.dialect.yara:
		n, i := 0, 1
		for i < len(s) && i < 4 && '0' <= s[i] && s[i] <= '7' {
			n = 8*n + int(s[i]-'0')
			i++
		}
		if i == 1 || n > 0xff {
			return 0, 0, false, Refuse(whyBackRef, s[:2])
		}
		return rune(n), i, true, nil
	case c == '_' || c < utf8.RuneSelf && !IsWordByte(c):
		return rune(c), 2, false, nil
	case c >= utf8.RuneSelf:
		r, size = utf8.DecodeRuneInString(s[1:])
		return r, 1 + size, false, nil
	case p.dialect.yara:
		return rune(c), 2, false, nil // YARA ignores the backslash
	}
	return 0, 0, false, Refuse(whyEscape, s[:2])
}

func IsWordByte(c byte) bool {
	return IsDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
}

// hexChar reads \xhh, \xh and \x{hhh}.
func (p *perlParser) hexChar(s string) (rune, int, bool, error) {
	if strings.HasPrefix(s, `\x{`) && !p.dialect.python && !p.dialect.yara {
		digits, _, ok := strings.Cut(s[3:], "}")
		n, err := strconv.ParseUint(digits, 16, 31)
		if !ok || err != nil || !utf8.ValidRune(rune(n)) || p.dialect.bytes && n > 0xff {
			return 0, 0, false, Refuse(whyEscape, UpTo(s, '}'))
		}
		return rune(n), 4 + len(digits), true, nil
	}
	i := 2
	for i < len(s) && i < 4 && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0 {
		i++
	}
	if i < 4 && (p.dialect.python || p.dialect.yara || i == 2) {
		return 0, 0, false, Refuse(WhySyntax, UpTo(s, ' '))
	}
	n, err := strconv.ParseUint(s[2:i], 16, 8)
	if err != nil {
		return 0, 0, false, Refuse(WhySyntax, s[:i])
	}
	return rune(n), i, true, nil
}

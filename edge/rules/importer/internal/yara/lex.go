package yara

// The tokens of YARA's source text.

import (
	"bytes"
	"fmt"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // identifiers, keywords, numbers with dots
	tokenName             // $a, #a, @a, !a, possibly with a final *
	tokenText             // "…", unescaped
	tokenRegex            // /…/flags
	tokenHex              // {…}
	tokenSymbol           // anything else: a character, or two (==, .., …)
)

type token struct {
	kind  tokenKind
	text  string
	flags string // of a regex
	line  int
}

// lexer returns tokens. The caller sets values where `/` begins a regex and `{` a hex string.
type lexer struct {
	src    []byte
	pos    int
	line   int
	values bool // regexes and hex strings may follow
}

type syntaxError struct {
	line int
	what string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

func (l *lexer) fail(format string, args ...any) error {
	return &syntaxError{l.line, escape.Sprintf(format, args...)}
}

// skip skips white space and comments.
func (l *lexer) skip() {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case rest[0] == '\n':
			l.line++
			l.pos++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\f' || rest[0] == '\v':
			l.pos++
		case bytes.HasPrefix(rest, []byte("//")):
			n := bytes.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.pos += n
		case bytes.HasPrefix(rest, []byte("/*")):
			n := bytes.Index(rest[2:], []byte("*/"))
			if n < 0 {
				n = len(rest) - 4
			}
			l.line += bytes.Count(rest[:n+4], []byte{'\n'})
			l.pos += n + 4
		default:
			return
		}
	}
	l.pos = min(l.pos, len(l.src))
}

func (l *lexer) next() (token, error) {
	l.skip()
	t := token{line: l.line}
	if l.pos >= len(l.src) {
		return t, nil
	}
	switch c := l.src[l.pos]; {
	case c == '"':
		return l.text()
	case c == '/' && l.values:
		return l.regex()
	case c == '{' && l.values:
		return l.hex()
	case strings.IndexByte("$#@!", c) >= 0 && !bytes.HasPrefix(l.src[l.pos:], []byte("!=")):
		t.kind, t.text = tokenName, string(c)+l.word(l.pos+1)
		if l.pos < len(l.src) && l.src[l.pos] == '*' {
			t.text += "*"
			l.pos++
		}
	case re2.IsWordByte(c):
		t.kind, t.text = tokenWord, l.word(l.pos)
	default:
		t.kind, t.text = tokenSymbol, string(c)
		l.pos++
	}
	return t, nil
}

func (l *lexer) word(from int) string {
	end := from
	for end < len(l.src) && re2.IsWordByte(l.src[end]) {
		end++
	}
	l.pos = end
	return string(l.src[from:end])
}

func (l *lexer) text() (token, error) {
	t := token{kind: tokenText, line: l.line}
	var b []byte
	for i := l.pos + 1; i < len(l.src); i++ {
		if i-l.pos > rules.MaxLine {
			return t, l.fail("a text of more than %d MiB", rules.MaxLine>>20)
		}
		switch c := l.src[i]; c {
		case '\n':
			return t, l.fail("a text without its closing quote")
		case '"':
			t.text = string(b)
			l.pos = i + 1
			return t, nil
		case '\\':
			i++
			if i >= len(l.src) {
				return t, l.fail("a text without its closing quote")
			}
			switch e := l.src[i]; e {
			case 'n':
				b = append(b, '\n')
			case 't':
				b = append(b, '\t')
			case 'r':
				b = append(b, '\r')
			case '"', '\\':
				b = append(b, e)
			case 'x':
				if i+2 >= len(l.src) {
					return t, l.fail("a text without its closing quote")
				}
				h, err := job.HexBytes(string(l.src[i+1 : i+3]))
				if err != nil || len(h) != 1 {
					return t, l.fail(`\x without two digits`)
				}
				b = append(b, h...)
				i += 2
			default:
				return t, l.fail(`the escape \%c is none of YARA's`, e)
			}
		default:
			b = append(b, c)
		}
	}
	return t, l.fail("a text without its closing quote")
}

func (l *lexer) regex() (token, error) {
	t := token{kind: tokenRegex, line: l.line}
	var b []byte
	for i := l.pos + 1; i < len(l.src) && l.src[i] != '\n'; i++ {
		switch c := l.src[i]; {
		case c == '/':
			t.text = string(b)
			l.pos = i + 1
			for l.pos < len(l.src) && (l.src[l.pos] == 'i' || l.src[l.pos] == 's') {
				t.flags += string(l.src[l.pos])
				l.pos++
			}
			return t, nil
		case c == '\\' && i+1 < len(l.src) && l.src[i+1] == '/':
			b = append(b, '/')
			i++
		case c == '\\' && i+1 < len(l.src):
			b = append(b, c, l.src[i+1])
			i++
		default:
			b = append(b, c)
		}
	}
	return t, l.fail("a regex without its closing /")
}

func (l *lexer) hex() (token, error) {
	t := token{kind: tokenHex, line: l.line}
	l.pos++
	var b strings.Builder
	for {
		l.skip() // comments as well
		if l.pos >= len(l.src) {
			return t, l.fail("a hex string without its closing }")
		}
		c := l.src[l.pos]
		l.pos++
		if c == '}' {
			t.text = b.String()
			return t, nil
		}
		b.WriteByte(c)
	}
}

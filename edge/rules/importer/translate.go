// What translating a regex of another engine into RE2 syntax gives, and what
// its translators share.

package importer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// translation is an expression in RE2 syntax and how it differs.
type translation struct {
	expr    string
	partly  []reason
	remarks []string

	carets  []int // where `^` stands in expr
	dollars []int // where `$` stands
	bars    []int // where `|` stands that is in no group

	opens, closes bool // the original can begin or end within a character of the text
}

// refused is the error of an expression that cannot be translated.
type refused struct{ reason }

func (r *refused) Error() string { return r.String() }

func refuse(text, detail string) error { return &refused{reason{text, detail}} }

// Reasons and remarks of several kinds.
const (
	whyPossessive   = "finds more: possessive quantifiers and atomic groups give back what they took"
	whyLookAround   = "look-around is not in RE2 syntax"
	whyBackRef      = "back-references are not in RE2 syntax"
	whyConditional  = "conditional groups are not in RE2 syntax"
	whyRecursion    = "recursion is not in RE2 syntax"
	whyVerb         = "backtracking verbs and callouts are not in RE2 syntax"
	whyEscape       = "escapes that RE2 syntax has nothing for"
	whyBytes        = "regex for bytes that are not UTF-8"
	whyRepeat       = "repetition counts over 1000"
	whyNothing      = "repetition of nothing"
	whySyntax       = "syntax error in the regex"
	whyWideBoundary = `\b and \B in wide text`
	whyInside       = `finds more: \B also holds at the beginning and end of the text`
	whyMidAnchor    = "finds other: YARA does not always find ^ and $ in the middle of a regex"
	whyHighSpace    = `finds less: the bytes a0 (\h) and 85 (\v) are not taken for white space`
	whyFold         = "finds more: letters beyond ASCII ignore case, too"
	whyAnchors      = "finds more: ^ and $ of a part of the text (a buffer, a field) are not checked"
	whyMidEnd       = "finds more: $ in the middle of a regex is not checked"
	whyMidFlag      = "global flags in the middle of a regex"

	maxRepeat  = 1000   // of RE2 syntax
	maxNesting = 200    // groups in groups; Go allows 1000
	maxRegex   = 32_000 // bytes of a regex in the source
)

// yaraBoundary is YARA's \b, which holds at the beginning and end of the text
// whatever stands there.
const yaraBoundary = `(?:\b|\A|\z)`

// emitter writes an expression.
type emitter struct {
	out     strings.Builder
	t       translation
	atom    int // where what a quantifier would repeat begins; -1: nothing is there
	pending int // of groups that are open

	begins, ends []int // where \< and \> of the source stand
}

func (e *emitter) str(s string) { e.out.WriteString(s) }

// begin marks the beginning of an atom.
func (e *emitter) begin() { e.atom = e.out.Len() }

// assertion marks that what stands there cannot be repeated.
func (e *emitter) assertion(s string) {
	switch s {
	case "^":
		e.t.carets = append(e.t.carets, e.out.Len())
	case "$":
		e.t.dollars = append(e.t.dollars, e.out.Len())
	}
	e.str(s)
	e.atom = -1
}

func (e *emitter) bar() {
	if e.pending == 0 {
		e.t.bars = append(e.t.bars, e.out.Len())
	}
	e.str("|")
	e.atom = -1
}

func (e *emitter) partly(text, detail string) {
	for _, r := range e.t.partly {
		if r.text == text {
			return
		}
	}
	e.t.partly = append(e.t.partly, reason{text, detail})
}

func (e *emitter) remark(text string) {
	for _, r := range e.t.remarks {
		if r == text {
			return
		}
	}
	e.t.remarks = append(e.t.remarks, text)
}

// wrap puts what the last atom is into a group, so that it can be repeated again.
func (e *emitter) wrap() {
	s := e.out.String()
	head, tail := s[:e.atom], s[e.atom:]
	e.out.Reset()
	e.out.WriteString(head + "(?:" + tail + ")")
	for _, list := range [][]int{e.t.carets, e.t.dollars, e.begins, e.ends} {
		for i := range list {
			if list[i] >= e.atom {
				list[i] += len("(?:")
			}
		}
	}
}

func (e *emitter) done() translation {
	e.t.expr = e.out.String()
	return e.t
}

// literal writes one character that stands for itself.
func (e *emitter) literal(r rune) {
	e.begin()
	e.str(quoteRune(r, `\.+*?()|[]{}^$`))
}

// quoteRune is r as a regex has it: what is special has a backslash, what cannot
// be seen is a number.
func quoteRune(r rune, special string) string {
	switch {
	case r < utf8.RuneSelf && strings.ContainsRune(special, r):
		return `\` + string(r)
	case r == '\t':
		return `\t`
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' || r == utf8.RuneError:
		return fmt.Sprintf(`\x{%x}`, r)
	}
	return string(r)
}

// quoteText is a text as a regex has it.
func quoteText(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(quoteRune(r, `\.+*?()|[]{}^$`))
	}
	return b.String()
}

const classSpecial = `\[]^-`

// repeat is {low}, {low,} or {low,high} in the shortest form; high < 0: no limit.
func repeat(low, high int) string {
	switch {
	case low == 0 && high < 0:
		return "*"
	case low == 1 && high < 0:
		return "+"
	case low == 0 && high == 1:
		return "?"
	case high < 0:
		return fmt.Sprintf("{%d,}", low)
	case low == high:
		return fmt.Sprintf("{%d}", low)
	}
	return fmt.Sprintf("{%d,%d}", low, high)
}

// braces reads {n}, {n,}, {n,m} or, if open is set, {,m} and {,} at the beginning
// of s; size is 0 if it is none of these.
func braces(s string, open bool) (low, high, size int) {
	i := 1
	number := func() (n, digits int) {
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			if n < 1_000_000 {
				n = 10*n + int(s[i]-'0')
			}
			i++
			digits++
		}
		return n, digits
	}
	low, lowDigits := number()
	if lowDigits == 0 && !open || i >= len(s) {
		return 0, 0, 0
	}
	high = low
	if s[i] == ',' {
		i++
		var digits int
		if high, digits = number(); digits == 0 {
			high = -1
		}
	} else if lowDigits == 0 {
		return 0, 0, 0
	}
	if i >= len(s) || s[i] != '}' {
		return 0, 0, 0
	}
	return low, high, i + 1
}

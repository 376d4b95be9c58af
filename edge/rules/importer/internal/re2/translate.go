package re2

// The result of a translation, and the output of all translators.

import (
	"strings"

	"trawl/edge/rules/importer/internal/shape"
)

// Translation is an expression in RE2 syntax, with the differences from the original.
type Translation struct {
	Expr    string
	InPart  []Reason
	Remarks []string

	Carets  []int // positions of `^` in Expr
	Dollars []int // positions of `$`
	Bars    []int // positions of `|` outside of groups

	Opens, Closes bool // the original can begin or end within a character of the text
}

// Refused is the error for an expression that cannot be translated.
type Refused struct{ Reason }

func (r *Refused) Error() string { return r.String() }

// Refuse returns a Refused with the reason.
func Refuse(text, detail string) *Refused { return &Refused{Because(text, detail)} }

// Reasons and remarks of several kinds.
const (
	whyPossessive   = "finds more: possessive quantifiers and atomic groups give back what they took"
	whyLookAround   = "look-around is not in RE2 syntax"
	whyBackRef      = "back-references are not in RE2 syntax"
	whyConditional  = "conditional groups are not in RE2 syntax"
	whyRecursion    = "recursion is not in RE2 syntax"
	whyVerb         = "backtracking verbs and callouts are not in RE2 syntax"
	whyEscape       = "escapes that RE2 syntax has nothing for"
	WhyBytes        = "regex for bytes that are not UTF-8"
	whyRepeat       = "repetition counts over 1000"
	whyNothing      = "repetition of nothing"
	WhySyntax       = "syntax error in the regex"
	whyWideBoundary = `\b and \B in wide text`
	whyInside       = `finds more: \B also holds at the beginning and end of the text`
	whyMidAnchor    = "finds other: YARA does not always find ^ and $ in the middle of a regex"
	whyHighSpace    = `finds less: the bytes a0 (\h) and 85 (\v) are not taken for white space`
	WhyFold         = "finds more: letters beyond ASCII ignore case, too"
	whyAnchors      = "finds more: ^ and $ of a part of the text (a buffer, a field) are not checked"
	whyMidEnd       = "finds more: $ in the middle of a regex is not checked"
	whyMidFlag      = "global flags in the middle of a regex"

	maxRepeat  = 1000   // of RE2 syntax
	MaxNesting = 200    // levels of groups; Go allows 1000
	MaxRegex   = 32_000 // bytes of a regex in the source
)

// yaraBoundary is YARA's \b, which always holds at the beginning and end of the text.
const yaraBoundary = `(?:\b|\A|\z)`

// emitter writes an expression.
type emitter struct {
	out     strings.Builder
	t       Translation
	atom    int // position of the last atom, which a quantifier would repeat; -1: none
	pending int // number of open groups

	begins, ends []int // positions of the \< and \> of the source
}

func (e *emitter) str(s string) { e.out.WriteString(s) }

// begin marks the beginning of an atom.
func (e *emitter) begin() { e.atom = e.out.Len() }

// assertion writes s, which cannot be repeated.
func (e *emitter) assertion(s string) {
	switch s {
	case "^":
		e.t.Carets = append(e.t.Carets, e.out.Len())
	case "$":
		e.t.Dollars = append(e.t.Dollars, e.out.Len())
	}
	e.str(s)
	e.atom = -1
}

func (e *emitter) bar() {
	if e.pending == 0 {
		e.t.Bars = append(e.t.Bars, e.out.Len())
	}
	e.str("|")
	e.atom = -1
}

func (e *emitter) partly(text, detail string) {
	for _, r := range e.t.InPart {
		if r.Text == text {
			return
		}
	}
	e.t.InPart = append(e.t.InPart, Because(text, detail))
}

func (e *emitter) remark(text string) {
	for _, r := range e.t.Remarks {
		if r == text {
			return
		}
	}
	e.t.Remarks = append(e.t.Remarks, text)
}

// wrap puts the last atom into a group, to be repeated once more.
func (e *emitter) wrap() {
	s := e.out.String()
	head, tail := s[:e.atom], s[e.atom:]
	e.out.Reset()
	e.out.WriteString(head + "(?:" + tail + ")")
	for _, list := range [][]int{e.t.Carets, e.t.Dollars, e.begins, e.ends} {
		for i := range list {
			if list[i] >= e.atom {
				list[i] += len("(?:")
			}
		}
	}
}

// checkRepeat refuses a quantifier, the first size bytes of src, that RE2 syntax does not support.
func (e *emitter) checkRepeat(low, high int, src string, size int) error {
	switch {
	case e.atom < 0:
		return Refuse(whyNothing, src)
	case high >= 0 && low > high:
		return Refuse(WhySyntax, "a repetition {n,m} with n over m")
	case low > maxRepeat || high > maxRepeat:
		return Refuse(whyRepeat, src[:size])
	}
	return nil
}

func (e *emitter) done() Translation {
	e.t.Expr = e.out.String()
	return e.t
}

// literal writes a character that stands for itself.
func (e *emitter) literal(r rune) {
	e.begin()
	e.str(shape.QuoteRune(r, `\.+*?()|[]{}^$`))
}

// Why a rule matches a text, or does not.

package rules

import (
	"bytes"
	"fmt"

	"trawl/edge/match"
)

// Explanation tells how a rule matches a text, or why it does not. Offsets are
// bytes from the beginning of the text.
type Explanation struct {
	Rule  Rule   // as it is in force: with nocase and whole of Options
	File  string // where it is
	Found []Place
	Count int64 // of all matches: Found are the first MaxPlaces

	Regex    *RegexExplanation    // nil: it is no regex
	Literals []LiteralExplanation // of a rule of literals: those that occur in some form, and those that do not

	// Line is the first line of a text of several that matches by itself, from 1, as
	// trawl scan looks at texts; 0: none, or there is but one.
	Line int64
}

// Place is a part of the text.
type Place struct{ Start, End int64 }

// MaxPlaces is how many places of a kind an explanation names.
const MaxPlaces = 100

// RegexExplanation tells what became of a regex.
type RegexExplanation struct {
	Info  match.RegexInfo
	Hints []Hint // the literals of Info.Needs
	// Ran says that the hints are there, or that there are none, so that the regex ran.
	Ran bool
	// GivenUp says that it took more steps than Allowed, so that matches may be missing.
	GivenUp bool
	Allowed int64

	Groups  []Group  // of the first match; empty also if the text is over MaxGroupText
	Reached *Reached // without a match: how far it got; nil: the text is over MaxGroupText
}

// Hint is a literal that a regex may require.
type Hint struct {
	Literal string
	At      int64 // of its first occurrence; -1: it does not occur
}

// LiteralExplanation tells how a literal occurs, if it does.
type LiteralExplanation struct {
	Literal []byte
	Found   []Occurrence // the first of each kind; empty: it does not occur in any way
}

// Occurrence is a place where a literal is, or where it would be if the rule
// were less strict.
type Occurrence struct {
	Place
	OtherCase bool // it is written in another case, which the rule does not ignore
	InWord    bool // it is part of a longer word, and the rule wants whole ones
}

// Matches says whether the rule takes it.
func (o *Occurrence) Matches() bool { return !o.OtherCase && !o.InWord }

// Matches says whether the rule matches the text.
func (e *Explanation) Matches() bool { return e.Count > 0 }

// Explain finds the rule with an id in a word list, rule file or pack, and tells
// what it makes of text, which it does not change. The error is of type Problems:
// the file is wrong, or it has no such rule; then it names similar ones.
func Explain(path, id string, text []byte, o Options) (*Explanation, error) {
	rule, file, err := findRule(path, id, o)
	if err != nil {
		return nil, err
	}
	b := match.NewBuilder(match.Options{})
	if err := b.Add(&rule.Rule); err != nil {
		return nil, Problems{{file, rule.PatternLine, fmt.Sprintf("rule %q: %v", shortened(id), err)}}
	}
	pack, err := b.Pack()
	if err != nil {
		return nil, fmt.Errorf("compile rule %q: %w", shortened(id), err)
	}
	defer pack.Close()
	e := &Explanation{Rule: *rule, File: file}
	return e, e.explain(pack, text)
}

// explain fills in what pack, which is of the rule alone, makes of text.
func (e *Explanation) explain(pack *match.Pack, text []byte) error {
	rule := &e.Rule.Rule
	s := pack.NewScratch()
	r := pack.Scan(s, text, match.Query{Limit: MaxPlaces})
	for _, m := range r.Matches {
		e.Found = append(e.Found, Place{m.Start, m.End})
	}
	e.Count = r.Count
	givenUp := len(r.Incomplete) > 0
	if r.Truncated {
		r = pack.Scan(s, text, match.Query{Want: match.WantCount})
		e.Count, givenUp = r.Count, len(r.Incomplete) > 0
	}
	if i := bytes.IndexByte(text, '\n'); i >= 0 && i < len(text)-1 {
		pack.ScanLines(s, text, match.Query{Want: match.WantAny}, func(l *match.Line) bool {
			e.Line = l.Number
			return false
		})
	}
	if rule.Regex == "" {
		var err error
		e.Literals, err = explainLiterals(rule, text)
		return err
	}
	info, _ := pack.Regex(0)
	e.Regex = &RegexExplanation{Info: info, GivenUp: givenUp, Allowed: match.AllowedSteps(len(text))}
	return e.Regex.explain(rule, text, e.Found)
}

// mostLiterals is up to how many literals of a rule it is told where they would
// be if the rule were less strict: each is then looked for in up to four forms.
const mostLiterals = 25_000

// explainLiterals looks for the literals as they are and, as far as the rule does
// not do that itself, in any case and in longer words, unless they are very many.
func explainLiterals(rule *match.Rule, text []byte) ([]LiteralExplanation, error) {
	forms := []match.Rule{*rule}
	if !rule.NoCase {
		forms = append(forms, match.Rule{NoCase: true, Whole: rule.Whole})
	}
	if rule.Whole {
		for _, f := range forms {
			forms = append(forms, match.Rule{NoCase: f.NoCase})
		}
	}
	if len(rule.Literals) > mostLiterals {
		forms = forms[:1]
	}
	explained := make([]LiteralExplanation, len(rule.Literals))
	var of []struct{ literal, form int }
	b := match.NewBuilder(match.Options{})
	for i, l := range rule.Literals {
		explained[i].Literal = l
		for j, form := range forms {
			form.ID, form.Literals = fmt.Sprint(i, " ", j), [][]byte{l}
			if err := b.Add(&form); err != nil {
				continue // bytes that are no UTF-8 have no case
			}
			of = append(of, struct{ literal, form int }{i, j})
		}
	}
	pack, err := b.Pack()
	if err != nil {
		return nil, fmt.Errorf("compile the literals: %w", err)
	}
	defer pack.Close()
	// Each rule's first match, not all: there may be many of them.
	r := pack.Scan(pack.NewScratch(), text, match.Query{Want: match.WantRules})
	for _, m := range r.Matches {
		which := of[m.Rule]
		form := &forms[which.form]
		l := &explained[which.literal]
		l.add(Occurrence{
			Place{m.Start, m.End},
			form.NoCase && !rule.NoCase && !bytes.Equal(text[m.Start:m.End], l.Literal),
			rule.Whole && !form.Whole,
		})
	}
	return explained, nil
}

// add takes an occurrence that is not there already in a stricter form: what is
// found in any case is also found in its own.
func (l *LiteralExplanation) add(o Occurrence) {
	for i := range l.Found {
		other := &l.Found[i]
		if other.Place != o.Place {
			continue
		}
		other.OtherCase = other.OtherCase && o.OtherCase
		other.InWord = other.InWord && o.InWord
		return
	}
	l.Found = append(l.Found, o)
}

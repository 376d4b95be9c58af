package rules

// Why a rule matches a text, or does not.

import (
	"bytes"
	"fmt"

	"trawl/edge/match"
	"trawl/edge/problem"
)

// Explanation says how a rule matches a text, or why not. Offsets are bytes from the beginning of
// the text.
type Explanation struct {
	Rule  Rule   // with nocase and whole of Options
	File  string // file of the rule
	Found []Span
	Count int64 // of all matches: Found are the first MaxPlaces

	Regex    *RegexExplanation    // nil: the rule has literals
	Literals []LiteralExplanation // of a rule of literals: found or not

	// Line is the first line that matches by itself, as trawl scan looks at texts, from 1; 0: none,
	// or the text has one line.
	Line int64
}

// Span is a part of the text.
type Span struct{ Start, End int64 }

// MaxPlaces is how many places of a kind an explanation names.
const MaxPlaces = 100

// RegexExplanation describes the run of a regex.
type RegexExplanation struct {
	Info  match.RegexInfo
	Hints []Hint // the literals of Info.Needs
	// Ran reports that the required literals were found, or that there are none, so the regex ran.
	Ran bool
	// GivenUp reports that the regex took more steps than Allowed, so matches may be missing.
	GivenUp bool
	Allowed int64

	Groups  []Group  // of the first match; empty also if the text is over MaxGroupText
	Reached *Reached // without a match: the longest beginning that matches; nil: the text is over MaxGroupText
}

// Hint is a literal that a regex may require.
type Hint struct {
	Literal string
	At      int64 // of the first occurrence; -1: none
}

// LiteralExplanation says how a literal occurs.
type LiteralExplanation struct {
	Literal []byte
	Found   []Occurrence // the first occurrence of each kind; empty: none
}

// Occurrence is a place where a literal matches, or would match if the rule were less strict.
type Occurrence struct {
	Span
	OtherCase bool // in another case, which the rule does not ignore
	InWord    bool // part of a longer word, and the rule wants whole words
}

// Matches reports whether the occurrence is a match of the rule.
func (o *Occurrence) Matches() bool { return !o.OtherCase && !o.InWord }

// Matches reports whether the rule matches the text.
func (e *Explanation) Matches() bool { return e.Count > 0 }

// Explain finds the rule with an id in a word list, rule file or pack, and explains its matches in
// text. Wrong files and unknown ids are a problem.List, with suggestions for similar ids.
func Explain(path, id string, text []byte, o Options) (*Explanation, error) {
	rule, file, err := findRule(path, id, o)
	if err != nil {
		return nil, err
	}
	b := match.NewBuilder(match.Options{})
	if err := b.Add(&rule.Rule); err != nil {
		return nil, problem.List{{File: file, Line: rule.PatternLine, Message: fmt.Sprintf("rule %q: %v", shortened(id), err)}}
	}
	pack, err := b.Pack()
	if err != nil {
		return nil, fmt.Errorf("compile rule %q: %w", shortened(id), err)
	}
	defer pack.Close()
	e := &Explanation{Rule: *rule, File: file}
	return e, e.explain(pack, text)
}

// explain fills in the matches of pack, which holds nothing but the rule, in text.
func (e *Explanation) explain(pack *match.Pack, text []byte) error {
	rule := &e.Rule.Rule
	s := pack.NewScratch()
	r := pack.Scan(s, text, match.Query{Limit: MaxPlaces})
	for _, m := range r.Matches {
		e.Found = append(e.Found, Span{m.Start, m.End})
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

// maxExplainedLiterals is the largest number of literals in a rule that are also looked for in less
// strict forms, of which each literal has up to four.
const maxExplainedLiterals = 25_000

// explainLiterals looks for the literals of a rule and, where the rule is strict, also in any case
// and in longer words, unless there are very many literals.
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
	if len(rule.Literals) > maxExplainedLiterals {
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
				continue // bytes outside of UTF-8 have no case
			}
			of = append(of, struct{ literal, form int }{i, j})
		}
	}
	pack, err := b.Pack()
	if err != nil {
		return nil, fmt.Errorf("compile the literals: %w", err)
	}
	defer pack.Close()
	// The first match of each rule is enough; there may be many.
	r := pack.Scan(pack.NewScratch(), text, match.Query{Want: match.WantRules})
	for _, m := range r.Matches {
		which := of[m.Rule]
		form := &forms[which.form]
		l := &explained[which.literal]
		l.add(Occurrence{
			Span{m.Start, m.End},
			form.NoCase && !rule.NoCase && !bytes.Equal(text[m.Start:m.End], l.Literal),
			rule.Whole && !form.Whole,
		})
	}
	return explained, nil
}

// add adds an occurrence unless the same place is there already in a stricter form: a form that
// ignores case also finds literals in their own case.
func (l *LiteralExplanation) add(o Occurrence) {
	for i := range l.Found {
		other := &l.Found[i]
		if other.Span != o.Span {
			continue
		}
		other.OtherCase = other.OtherCase && o.OtherCase
		other.InWord = other.InWord && o.InWord
		return
	}
	l.Found = append(l.Found, o)
}

package main

// What rules explain prints for programs. Its keys stay as they are; RULES.md
// describes them.

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"trawl/edge/rules"
)

type explanationJSON struct {
	Rule    string      `json:"rule"`
	File    string      `json:"file"`
	Line    int         `json:"line,omitempty"`
	Kind    string      `json:"kind"` // regex or literals
	NoCase  bool        `json:"nocase"`
	Whole   bool        `json:"whole"`
	Matched bool        `json:"matched"`
	Count   int64       `json:"count"`
	Places  []placeJSON `json:"places"` // at most the first 100

	FirstLine int64              `json:"first_matching_line,omitempty"`
	Regex     *regexExplained    `json:"regex,omitempty"`
	Literals  []literalExplained `json:"literals,omitempty"`
}

type placeJSON struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

type regexExplained struct {
	Regex    string       `json:"regex"`
	Names    []string     `json:"group_names,omitempty"`
	Requires *requirement `json:"requires,omitempty"`
	Folded   bool         `json:"requires_any_case,omitempty"`
	Reason   string       `json:"requires_nothing_because,omitempty"`
	Hints    []hintJSON   `json:"hints,omitempty"`
	Ran      bool         `json:"ran"`
	GivenUp  bool         `json:"given_up"`
	Allowed  int64        `json:"steps_allowed"`
	Groups   []groupJSON  `json:"groups,omitempty"`
	Reached  *reachedJSON `json:"reached,omitempty"`
}

type hintJSON struct {
	Literal string `json:"literal"`
	At      *int64 `json:"at"` // null: missing
}

type groupJSON struct {
	Group string `json:"group"`
	placeJSON
}

type reachedJSON struct {
	Beginning string `json:"beginning"`
	Rest      string `json:"rest"`
	placeJSON
}

type literalExplained struct {
	Literal string           `json:"literal"` // bytes that are no UTF-8 as U+FFFD
	Hex     string           `json:"hex,omitempty"`
	Found   []occurrenceJSON `json:"found"`
}

type occurrenceJSON struct {
	placeJSON
	Matches   bool `json:"matches"`
	OtherCase bool `json:"other_case"`
	InWord    bool `json:"in_word"`
}

func (a *app) printExplanationJSON(e *rules.Explanation) error {
	out := explanationJSON{
		Rule: e.Rule.Label(), File: e.File, Line: e.Rule.Line, Kind: "literals", NoCase: e.Rule.NoCase, Whole: e.Rule.Whole,
		Matched: e.Matches(), Count: e.Count, Places: []placeJSON{}, FirstLine: e.Line,
	}
	for _, p := range e.Found {
		out.Places = append(out.Places, placeJSON(p))
	}
	if e.Regex != nil {
		out.Kind, out.Regex = "regex", regexExplainedJSON(e)
	}
	for _, l := range e.Literals {
		x := literalExplained{Literal: strings.ToValidUTF8(string(l.Literal), "\uFFFD"), Found: []occurrenceJSON{}}
		if !utf8.Valid(l.Literal) {
			x.Hex = fmt.Sprintf("%x", l.Literal)
		}
		for _, o := range l.Found {
			x.Found = append(x.Found, occurrenceJSON{placeJSON(o.Span), o.Matches(), o.OtherCase, o.InWord})
		}
		out.Literals = append(out.Literals, x)
	}
	return a.printObject(out)
}

func regexExplainedJSON(e *rules.Explanation) *regexExplained {
	r := e.Regex
	out := &regexExplained{
		Regex: e.Rule.Regex, Names: r.Info.Groups, Requires: requirementJSON(r.Info.Needs), Folded: r.Info.Folded, Reason: r.Info.Reason,
		Ran: r.Ran, GivenUp: r.GivenUp, Allowed: r.Allowed,
	}
	for _, h := range r.Hints {
		hint := hintJSON{Literal: h.Literal}
		if h.At >= 0 {
			hint.At = &h.At
		}
		out.Hints = append(out.Hints, hint)
	}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, groupJSON{g.Name, placeJSON(g.Span)})
	}
	if r.Reached != nil {
		out.Reached = &reachedJSON{r.Reached.Beginning, r.Reached.Rest, placeJSON(r.Reached.Span)}
	}
	return out
}

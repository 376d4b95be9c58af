// What became of the rules, counted, for people and as JSON.

package importer

import (
	"cmp"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Summary counts what became of the rules of an import: Found is the sum of
// Taken, InPart and Skipped.
type Summary struct {
	Kind    string `json:"kind"`
	Files   int    `json:"files"`
	Found   int    `json:"found"`
	Taken   int    `json:"taken"`
	InPart  int    `json:"in_part"`
	Skipped int    `json:"skipped"`
	Written int    `json:"written"` // rules in the rule file; one can become several

	InPartWhy  []Count `json:"in_part_why"` // a rule can have several
	SkippedWhy []Count `json:"skipped_why"` // each rule has one
	Noted      []Count `json:"noted"`       // of rules that were taken, wholly or in part
	PassedOver []Count `json:"passed_over"` // what is not a rule

	Rules []RuleSummary `json:"rules,omitempty"` // each rule that was not simply taken
}

// Count is how often something was the case.
type Count struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

// RuleSummary says what became of one rule, and why.
type RuleSummary struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	ID     string   `json:"id,omitempty"`
	Status string   `json:"status"` // "in part" or "skipped"
	Why    []string `json:"why"`
}

// counter counts by name.
type counter map[string]int

func (c *counter) add(what string) { c.count(what, 1) }

func (c *counter) count(what string, n int) {
	if *c == nil {
		*c = counter{}
	}
	if n > 0 {
		(*c)[what] += n
	}
}

// sorted has the most frequent first.
func (c counter) sorted() []Count {
	list := make([]Count, 0, len(c))
	for what, n := range c {
		list = append(list, Count{what, n})
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(b.Count-a.Count, strings.Compare(a.What, b.What)) < 0
	})
	return list
}

func (j *job) summary() Summary {
	s := Summary{Kind: j.kind.Name, Files: j.files, Found: len(j.findings), Written: len(j.rules)}
	var part, skip, noted counter
	for i := range j.findings {
		f := &j.findings[i]
		switch f.status {
		case taken:
			s.Taken++
		case inPart:
			s.InPart++
			for _, r := range f.reasons {
				part.add(r.text)
			}
		case skipped:
			s.Skipped++
			skip.add(f.reasons[0].text)
		}
		if f.status != skipped {
			for _, r := range f.remarks {
				noted.add(r)
			}
		}
		if f.status != taken {
			s.Rules = append(s.Rules, f.summary())
		}
	}
	s.InPartWhy, s.SkippedWhy, s.Noted, s.PassedOver = part.sorted(), skip.sorted(), noted.sorted(), j.aside.sorted()
	return s
}

func (f *finding) summary() RuleSummary {
	r := RuleSummary{File: f.file, Line: f.line, ID: oneLine(f.id), Status: statusNames[f.status]}
	for _, why := range f.reasons {
		r.Why = append(r.Why, why.String())
	}
	return r
}

// Text is the summary for people, a line for each count; with each set, also a
// line for every rule that was not simply taken.
func (s *Summary) Text(each bool) string {
	var b strings.Builder
	if each {
		for i := range s.Rules {
			r := &s.Rules[i]
			id := ""
			if r.ID != "" {
				id = r.ID + ": "
			}
			fmt.Fprintf(&b, "%s:%d: %s%s: %s\n", oneLine(r.File), r.Line, id, r.Status, strings.Join(r.Why, "; "))
		}
	}
	fmt.Fprintf(&b, "%s: %s in %s: %s taken, %s in part, %s skipped; %s written\n", s.Kind,
		plural(s.Found, "rule"), plural(s.Files, "file"), thousands(s.Taken), thousands(s.InPart), thousands(s.Skipped), plural(s.Written, "rule"))
	counts(&b, "in part", s.InPartWhy)
	counts(&b, "skipped", s.SkippedWhy)
	counts(&b, "noted", s.Noted)
	counts(&b, "passed over", s.PassedOver)
	return b.String()
}

func counts(b *strings.Builder, title string, list []Count) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", title)
	for _, c := range list {
		fmt.Fprintf(b, "%9s  %s\n", thousands(c.Count), c.What)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes n with commas between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

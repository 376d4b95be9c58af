package job

// Summary: what became of the rules, counted, for people and as JSON.

import (
	"cmp"
	"fmt"
	"sort"
	"strings"

	"trawl/edge/human"
)

// Summary counts the rules of an import. Found is the sum of Taken, InPart and Skipped.
type Summary struct {
	Kind    string `json:"kind"`
	Files   int    `json:"files"`
	Found   int    `json:"found"`
	Taken   int    `json:"taken"`
	InPart  int    `json:"in_part"`
	Skipped int    `json:"skipped"`
	Written int    `json:"written"` // rules in the rule file; a rule of the source can become several

	InPartWhy  []Count `json:"in_part_why"` // a rule can have several reasons
	SkippedWhy []Count `json:"skipped_why"` // each rule has one reason
	Noted      []Count `json:"noted"`       // about rules taken, wholly or in part
	PassedOver []Count `json:"passed_over"` // lines and statements that are not rules

	Rules []RuleSummary `json:"rules,omitempty"` // each rule skipped or taken in part
}

// Count is how often something was the case.
type Count struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

// RuleSummary says what became of a rule, and why.
type RuleSummary struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	ID     string   `json:"id,omitempty"`
	Status string   `json:"status"` // "in part" or "skipped"
	Why    []string `json:"why"`
}

// counter counts by name.
type counter map[string]int

func (c *counter) Add(what string) { c.Count(what, 1) }

func (c *counter) Count(what string, n int) {
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

func (j *Job) summary() Summary {
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
				part.Add(r.Text)
			}
		case skipped:
			s.Skipped++
			skip.Add(f.reasons[0].Text)
		}
		if f.status != skipped {
			for _, r := range f.remarks {
				noted.Add(r)
			}
		}
		if f.status != taken {
			s.Rules = append(s.Rules, f.summary())
		}
	}
	s.InPartWhy, s.SkippedWhy, s.Noted, s.PassedOver = part.sorted(), skip.sorted(), noted.sorted(), j.PassedOver.sorted()
	return s
}

func (f *finding) summary() RuleSummary {
	r := RuleSummary{File: f.file, Line: f.line, ID: OneLine(f.id), Status: statusNames[f.status]}
	for _, why := range f.reasons {
		r.Why = append(r.Why, why.String())
	}
	return r
}

// Text returns the summary for people, a line for each count; with each, also a line for every rule
// skipped or taken in part.
func (s *Summary) Text(each bool) string {
	var b strings.Builder
	if each {
		for i := range s.Rules {
			r := &s.Rules[i]
			id := ""
			if r.ID != "" {
				id = r.ID + ": "
			}
			fmt.Fprintf(&b, "%s:%d: %s%s: %s\n", OneLine(r.File), r.Line, id, r.Status, strings.Join(r.Why, "; "))
		}
	}
	fmt.Fprintf(&b, "%s: %s in %s: %s taken, %s in part, %s skipped; %s written\n", s.Kind,
		human.Count(s.Found, "rule"), human.Count(s.Files, "file"), human.Number(s.Taken), human.Number(s.InPart), human.Number(s.Skipped), human.Count(s.Written, "rule"))
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
		fmt.Fprintf(b, "%9s  %s\n", human.Number(c.Count), c.What)
	}
}

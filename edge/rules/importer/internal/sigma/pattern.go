package sigma

// The values of Sigma rules as literals and regexes.

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

const noteCase = "values ignore case, as Sigma's do"

// pattern is a value to look for.
type pattern struct {
	value  fieldValue
	expr   string // a regex, in place of value
	cased  bool
	bytes  bool // UTF-16, which JSON never contains unescaped
	number bool // a whole word
	field  bool
	partly []re2.Reason
	notes  []string
}

func (s *reader) pattern(name string) *pattern {
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(s.patterns) {
		return &pattern{}
	}
	return &s.patterns[i]
}

// rate says how well a pattern can be looked for.
func (s *reader) rate(name string) condition.Usable {
	p := s.pattern(name)
	if p.expr == "" && p.value.isPlain() && !p.bytes {
		if p.number {
			return condition.Usable{Weight: 1} // numbers are frequent
		}
		return condition.Usable{Weight: len(p.value[0].text)}
	}
	return s.Try(func(t *job.Entry) {
		w := writer{Entry: t}
		w.add("", p)
		w.flush()
	})
}

// write adds the patterns with these names. Plain texts share a rule.
func (s *reader) write(names map[string]bool) {
	w := writer{Entry: s.Entry}
	for i := range s.patterns {
		if names[fmt.Sprint(i)] {
			w.add(fmt.Sprintf("regex.%d", i+1), &s.patterns[i])
		}
	}
	w.flush()
}

// writer adds patterns to an entry.
type writer struct {
	*job.Entry
	text, cased, number [][]byte
}

func (w *writer) add(name string, p *pattern) {
	if p.field {
		w.TakeInPart(whyField, "")
	}
	for _, r := range p.partly {
		w.TakeInPart(r.Text, r.Detail)
	}
	for _, n := range p.notes {
		w.Remark(n)
	}
	if !p.cased && !p.number && p.expr == "" {
		w.Remark(noteCase)
	}
	switch {
	case p.expr != "":
		w.AddRegex(name, p.expr, false)
	case p.number:
		w.number = append(w.number, []byte(p.value[0].text))
		if n, err := strconv.ParseInt(p.value[0].text, 0, 64); err == nil {
			w.number = append(w.number, strconv.AppendInt(nil, n, 10)) // decimal, as in logs
		}
	case !p.value.isPlain():
		w.wildcards(name, p)
	default:
		w.plain(name, p)
	}
}

// plain adds a text, in the formats of logs.
func (w *writer) plain(name string, p *pattern) {
	text := p.value[0].text
	forms := []string{text}
	if !p.bytes {
		forms = re2.JSONForms(text)
	}
	for _, form := range forms {
		if p.cased {
			w.cased = append(w.cased, []byte(form))
		} else {
			w.text = append(w.text, []byte(form))
		}
	}
	if !p.cased && !p.bytes && re2.OtherCase(text) {
		w.AddRegex(name, "(?i)"+re2.JSONNumbers(text), false)
	}
}

// wildcards adds a value with wildcards as a regex.
func (w *writer) wildcards(name string, p *pattern) {
	var forms []string
	expr := func(escape func(string) string) {
		var b strings.Builder
		for _, part := range p.value {
			switch part.wild {
			case 0:
				b.WriteString(escape(part.text))
			case wildMany:
				b.WriteString(".*")
			case wildOne:
				b.WriteString(re2.JSONAny)
			case wildDash:
				b.WriteString(`(?:[` + quoteRunes(dashForms) + `]|\\/|\\u201[345])`)
			}
		}
		if !slices.Contains(forms, b.String()) {
			forms = append(forms, b.String())
		}
	}
	for _, part := range p.value {
		if part.wild == 0 && strings.ToValidUTF8(part.text, "") != part.text {
			w.Skip(re2.WhyBytes, job.HexOf([]byte(part.text)))
			return
		}
	}
	expr(shape.QuoteText)
	if !p.bytes {
		for _, writer := range re2.JSONWriters {
			expr(func(s string) string { return shape.QuoteText(writer.Escape(s)) })
		}
		if !p.cased && slices.ContainsFunc(p.value, func(part valuePart) bool { return re2.OtherCase(part.text) }) {
			expr(re2.JSONNumbers)
		}
	}
	flags := "(?is)"
	if p.cased {
		flags = "(?s)"
	}
	w.AddRegex(name, flags+strings.Join(forms, "|"), false)
}

// quoteRunes returns characters as members of a character class.
func quoteRunes(list []string) string {
	var b strings.Builder
	for _, r := range strings.Join(list, "") {
		b.WriteString(shape.QuoteRune(r, shape.ClassSpecial))
	}
	return b.String()
}

// flush adds the collected texts.
func (w *writer) flush() {
	if list := distinct(w.text); list != nil {
		w.AddLiterals("text", true, list...)
	}
	if list := distinct(w.cased); list != nil {
		w.AddLiterals("cased", false, list...)
	}
	if list := distinct(w.number); list != nil {
		r := w.Base
		r.Literals, r.Whole, r.NoCase = list, true, bytes.ContainsAny(bytes.Join(list, nil), "tTfF") // true, False
		w.Entry.AddRule("number", r)
	}
}

// distinct returns list without duplicates.
func distinct(list [][]byte) [][]byte {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(b []byte) bool {
		duplicate := seen[string(b)]
		seen[string(b)] = true
		return duplicate
	})
}

// readRegex reads the value of a field with the modifier re.
func readRegex(src string, flags []string) ([]pattern, *re2.Reason) {
	f := re2.Flags{Anywhere: true} // a field begins and ends anywhere in the text
	for _, flag := range flags {
		switch flag {
		case "i", "ignorecase":
			f.IgnoreCase = true
		case "m", "multiline":
			f.MultiLine = true
		case "s", "dotall":
			f.DotAll = true
		case "", "all", "contains", "startswith", "endswith":
		default:
			return nil, re2.NewReason(whyModifier, "re|"+flag)
		}
	}
	t, err := re2.Perl(src, re2.Sigma, f)
	if err != nil {
		if r, ok := err.(*re2.Refused); ok {
			return nil, re2.NewReason(r.Text, r.Detail)
		}
		return nil, re2.NewReason("regex cannot be translated", err.Error())
	}
	return []pattern{{expr: t.Expr, partly: t.InPart, notes: t.Remarks}}, nil
}

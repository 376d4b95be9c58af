// The values of Sigma rules as literals and regexes.

package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const noteSigmaCase = "values ignore case, as Sigma's do"

// sigmaPattern is one value to look for.
type sigmaPattern struct {
	value  sigmaValue
	expr   string // a regex, instead
	cased  bool
	bytes  bool // UTF-16, which JSON has not as it is
	number bool // a whole word
	field  bool
	partly []reason
	notes  []string
}

func (s *sigmaReader) pattern(name string) *sigmaPattern {
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(s.patterns) {
		return &sigmaPattern{}
	}
	return &s.patterns[i]
}

// rate says how well a pattern can be looked for.
func (s *sigmaReader) rate(name string) usable {
	p := s.pattern(name)
	if p.expr == "" && p.value.isPlain() && !p.bytes {
		if p.number {
			return usable{weight: 1} // tells little
		}
		return usable{weight: len(p.value[0].text)}
	}
	return s.trial(func(t *entry) {
		w := sigmaWriter{entry: t}
		w.add("", p)
		w.flush()
	})
}

// write adds the patterns with these names: plain ones together.
func (s *sigmaReader) write(names map[string]bool) {
	w := sigmaWriter{entry: s.entry}
	for i := range s.patterns {
		if names[fmt.Sprint(i)] {
			w.add(fmt.Sprintf("regex.%d", i+1), &s.patterns[i])
		}
	}
	w.flush()
}

// sigmaWriter adds patterns to a rule.
type sigmaWriter struct {
	*entry
	text, cased, number [][]byte
}

func (w *sigmaWriter) add(name string, p *sigmaPattern) {
	if p.field {
		w.partly(whyField, "")
	}
	for _, r := range p.partly {
		w.partly(r.text, r.detail)
	}
	for _, n := range p.notes {
		w.remark(n)
	}
	if !p.cased && !p.number && p.expr == "" {
		w.remark(noteSigmaCase)
	}
	switch {
	case p.expr != "":
		w.regex(name, p.expr, false)
	case p.number:
		w.number = append(w.number, []byte(p.value[0].text))
		if n, err := strconv.ParseInt(p.value[0].text, 0, 64); err == nil {
			w.number = append(w.number, strconv.AppendInt(nil, n, 10)) // as logs have it
		}
	case !p.value.isPlain():
		w.wildcards(name, p)
	default:
		w.plain(name, p)
	}
}

// plain adds a text, in the forms that logs have it in.
func (w *sigmaWriter) plain(name string, p *sigmaPattern) {
	text := p.value[0].text
	forms := []string{text}
	if !p.bytes {
		forms = jsonForms(text)
	}
	for _, form := range forms {
		if p.cased {
			w.cased = append(w.cased, []byte(form))
		} else {
			w.text = append(w.text, []byte(form))
		}
	}
	if !p.cased && !p.bytes && otherCase(text) {
		w.regex(name, "(?i)"+jsonNumbers(text), false)
	}
}

// wildcards adds a value with wildcards as a regex.
func (w *sigmaWriter) wildcards(name string, p *sigmaPattern) {
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
				b.WriteString(jsonAny)
			case wildDash:
				b.WriteString(`(?:[` + quoteRunes(sigmaDashes) + `]|\\/|\\u201[345])`)
			}
		}
		if !slices.Contains(forms, b.String()) {
			forms = append(forms, b.String())
		}
	}
	for _, part := range p.value {
		if part.wild == 0 && strings.ToValidUTF8(part.text, "") != part.text {
			w.skip(whyBytes, hexOf([]byte(part.text)))
			return
		}
	}
	expr(quoteText)
	if !p.bytes {
		for _, writer := range jsonWriters {
			expr(func(s string) string { return quoteText(writer.escape(s)) })
		}
		if !p.cased && slices.ContainsFunc(p.value, func(part sigmaPart) bool { return otherCase(part.text) }) {
			expr(jsonNumbers)
		}
	}
	flags := "(?is)"
	if p.cased {
		flags = "(?s)"
	}
	w.regex(name, flags+strings.Join(forms, "|"), false)
}

// quoteRunes are characters as items of a class.
func quoteRunes(list []string) string {
	var b strings.Builder
	for _, r := range strings.Join(list, "") {
		b.WriteString(quoteRune(r, classSpecial))
	}
	return b.String()
}

// flush adds what has been collected.
func (w *sigmaWriter) flush() {
	if list := distinct(w.text); list != nil {
		w.literals("text", true, list...)
	}
	if list := distinct(w.cased); list != nil {
		w.literals("cased", false, list...)
	}
	if list := distinct(w.number); list != nil {
		r := w.base
		r.Literals, r.Whole, r.NoCase = list, true, bytes.ContainsAny(bytes.Join(list, nil), "tTfF") // true, False
		w.entry.add("number", r)
	}
}

// distinct is list without what is there already.
func distinct(list [][]byte) [][]byte {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(b []byte) bool {
		again := seen[string(b)]
		seen[string(b)] = true
		return again
	})
}

// sigmaRegex reads the value of a field with the modifier re.
func sigmaRegex(src string, flags []string) ([]sigmaPattern, *reason) {
	f := perlFlags{anywhere: true} // the field's beginning and end are somewhere in the text
	for _, flag := range flags {
		switch flag {
		case "i", "ignorecase":
			f.i = true
		case "m", "multiline":
			f.m = true
		case "s", "dotall":
			f.s = true
		case "", "all", "contains", "startswith", "endswith":
		default:
			return nil, &reason{whyModifier, "re|" + flag}
		}
	}
	t, err := translatePerl(src, sigmaDialect, f)
	if err != nil {
		if r, ok := err.(*refused); ok {
			return nil, &reason{r.text, r.detail}
		}
		return nil, &reason{"regex cannot be translated", err.Error()}
	}
	return []sigmaPattern{{expr: t.expr, partly: t.partly, notes: t.remarks}}, nil
}

// The values of Sigma rules as literals and regexes.

package importer

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	whyWindash    = "finds less: windash: only the dash as it is written is looked for"
	noteSigmaCase = "values ignore case, as Sigma's do"
)

// sigmaPattern is one value to look for.
type sigmaPattern struct {
	text   []byte
	expr   string // a regex, instead
	cased  bool
	number bool // a whole word
	field  bool
	partly []reason
	notes  []string
}

func (p *sigmaPattern) size() int {
	if p.expr != "" {
		return len(p.expr) / 2
	}
	if p.number {
		return 1 // tells little
	}
	return len(p.text)
}

func (s *sigmaReader) pattern(name string) *sigmaPattern {
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(s.patterns) {
		return &sigmaPattern{}
	}
	return &s.patterns[i]
}

// write adds the patterns with these names: plain ones together.
func (s *sigmaReader) write(names map[string]bool) {
	groups := map[string][][]byte{}
	seen := map[string]bool{}
	for i := range s.patterns {
		p := &s.patterns[i]
		if !names[fmt.Sprint(i)] {
			continue
		}
		if p.field {
			s.partly(whyField, "")
		}
		for _, r := range p.partly {
			s.partly(r.text, r.detail)
		}
		for _, n := range p.notes {
			s.remark(n)
		}
		group := "text"
		switch {
		case p.expr != "":
			s.regex(fmt.Sprintf("regex.%d", i+1), p.expr, false)
			continue
		case p.number:
			group = "number"
		case p.cased:
			group = "cased"
		default:
			s.remark(noteSigmaCase)
		}
		if key := group + string(p.text); !seen[key] {
			seen[key] = true
			groups[group] = append(groups[group], p.text)
		}
	}
	if list := groups["text"]; list != nil {
		s.literals("text", true, list...)
	}
	if list := groups["cased"]; list != nil {
		s.literals("cased", false, list...)
	}
	if list := groups["number"]; list != nil {
		r := s.base
		r.Literals, r.Whole = list, true
		s.add("number", r)
	}
}

// sigmaPatterns are what a value with its field's modifiers looks for; false if
// that is no text.
func sigmaPatterns(n *yaml.Node, modifiers []string) ([]sigmaPattern, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.Value == "" {
		return nil, false
	}
	values := [][]byte{[]byte(n.Value)}
	p := sigmaPattern{number: n.ShortTag() == "!!int" || n.ShortTag() == "!!float" || n.ShortTag() == "!!bool"}
	encoded := false
	for i, m := range modifiers {
		switch m {
		case "contains", "startswith", "endswith":
			p.number = false
		case "all", "":
		case "cased":
			p.cased = true
		case "re":
			return sigmaRegex(n.Value, modifiers[i+1:])
		case "windash":
			p.partly = append(p.partly, reason{whyWindash, ""})
		case "wide", "utf16le", "utf16":
			values, encoded = mapBytes(values, func(b []byte) [][]byte { return [][]byte{wide(b)} }), true
		case "base64":
			values = mapBytes(values, func(b []byte) [][]byte { return [][]byte{[]byte(base64.StdEncoding.EncodeToString(b))} })
			p.cased, encoded = true, true
		case "base64offset":
			values = mapBytes(values, func(b []byte) [][]byte { return base64Shifts(b, base64.StdEncoding) })
			p.cased, encoded = true, true
		default:
			return nil, false // cidr, lt, exists, fieldref, expand, …
		}
	}
	var list []sigmaPattern
	for _, v := range values {
		q := p
		if !encoded && !p.number {
			if q.text, q.expr = sigmaWildcards(string(v)); q.expr != "" && !q.cased {
				q.expr = "(?is)" + q.expr
			} else if q.expr != "" {
				q.expr = "(?s)" + q.expr
			}
		} else {
			q.text = v
		}
		if len(q.text) > 0 || q.expr != "" {
			list = append(list, q)
		}
	}
	return list, len(list) > 0
}

func mapBytes(list [][]byte, f func([]byte) [][]byte) [][]byte {
	var out [][]byte
	for _, b := range list {
		out = append(out, f(b)...)
	}
	return out
}

// base64Shifts is what a text looks like within base64, at each of three positions.
func base64Shifts(text []byte, encoding *base64.Encoding) [][]byte {
	var list [][]byte
	for shift := range 3 {
		padded := append(make([]byte, shift), text...)
		encoded := encoding.WithPadding(base64.NoPadding).EncodeToString(padded)
		// Characters that also hold bits of what stands beside are cut.
		front := [...]int{0, 2, 3}[shift]
		back := [...]int{0, 1, 1}[len(padded)%3]
		if len(encoded) > front+back {
			list = append(list, []byte(encoded[front:len(encoded)-back]))
		}
	}
	return list
}

func sigmaRegex(src string, flags []string) ([]sigmaPattern, bool) {
	var f perlFlags
	for _, flag := range flags {
		switch flag {
		case "i", "ignorecase":
			f.i = true
		case "m", "multiline":
			f.m = true
		case "s", "dotall":
			f.s = true
		}
	}
	t, err := translatePerl(src, sigmaDialect, f)
	if err != nil {
		return nil, false
	}
	// The field's beginning and end are somewhere in the text.
	p := sigmaPattern{expr: t.expr, partly: t.partly, notes: t.remarks}
	if len(t.carets)+len(t.dollars) > 0 {
		p.partly = append(p.partly, reason{"finds less: ^ and $ of a field's regex are the beginning and end of the text", ""})
	}
	return []sigmaPattern{p}, true
}

// sigmaWildcards reads a value: * stands for anything, ? for one character,
// a backslash takes that from them. At its ends * says nothing, since the value is looked
// for anywhere. It is a plain text or a regex.
func sigmaWildcards(s string) (text []byte, expr string) {
	var b strings.Builder
	wild := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			text = append(text, s[i])
			b.WriteString(quoteText(s[i : i+1]))
		case c == '*' || c == '?':
			if c == '*' && (len(text) == 0 && !wild || strings.Trim(s[i:], "*") == "") {
				continue
			}
			wild = true
			b.WriteString(map[byte]string{'*': ".*", '?': "."}[c])
		case c < 0x80:
			text = append(text, c)
			b.WriteString(quoteText(s[i : i+1]))
		default:
			text = append(text, c)
			b.WriteByte(c)
		}
	}
	if !wild {
		return text, ""
	}
	return nil, b.String()
}

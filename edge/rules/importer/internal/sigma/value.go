package sigma

// The values of Sigma's fields: escapes, wildcards and modifiers.

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

// Reasons why a value cannot be looked for.
const (
	aboutEmpty    = "field that must be empty or missing (null)"
	aboutAnything = "value that any text has (* alone)"
	aboutNested   = "value that is no text or number"
	whyWildBase64 = "base64 of a value with wildcards (* and ?, also those of contains, startswith and endswith)"
	whyDashes     = "windash with more dashes than can be spelled out"
	whyModifier   = "unknown modifier"
)

// otherModifiers are the modifiers for conditions that are not about a text.
var otherModifiers = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"cidr": "address range (cidr)", "exists": "asks whether a field is there (exists)", "fieldref": "compares two fields (fieldref)",
		"expand": "placeholder that a pipeline fills in (expand)", "lt": "compares numbers (lt, lte, gt, gte)", "lte": "compares numbers (lt, lte, gt, gte)",
		"gt": "compares numbers (lt, lte, gt, gte)", "gte": "compares numbers (lt, lte, gt, gte)", "neq": aboutUnequal,
		"minute": "part of a time", "hour": "part of a time", "day": "part of a time", "week": "part of a time", "month": "part of a time", "year": "part of a time",
	}
}}

const aboutUnequal = "only says what must not be there (not, neq)"

// Wildcards of a value.
const (
	wildMany = '*' // any text
	wildOne  = '?' // any character
	wildDash = '-' // any of dashForms
)

// dashForms are the alternatives of windash for a dash.
var dashForms = []string{"-", "/", "\u2013", "\u2014", "\u2015"}

// maxDashes bounds the spellings of a value with windash.
const maxDashes = 125

// valuePart is a text, or a wildcard if wild is not 0.
type valuePart struct {
	text string
	wild byte
}

// fieldValue is a value after unescaping.
type fieldValue []valuePart

// parseValue reads a value. A backslash escapes *, ? and \, and is literal before any further
// character.
func parseValue(s string) fieldValue {
	var v fieldValue
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			v = append(v, valuePart{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			text.WriteByte(s[i])
		case c == wildMany || c == wildOne:
			flush()
			v = append(v, valuePart{wild: c})
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return v
}

// isPlain reports whether v is one text without wildcards. An empty value is not plain.
func (v fieldValue) isPlain() bool { return len(v) == 1 && v[0].wild == 0 }

func (v fieldValue) hasWildcards() bool {
	for _, p := range v {
		if p.wild == wildMany || p.wild == wildOne {
			return true
		}
	}
	return false
}

// trimmed returns v without * at the ends, where * has no effect in a search.
func (v fieldValue) trimmed() fieldValue {
	for len(v) > 0 && v[0].wild == wildMany {
		v = v[1:]
	}
	for len(v) > 0 && v[len(v)-1].wild == wildMany {
		v = v[:len(v)-1]
	}
	return v
}

// mapped returns v with f applied to each text.
func (v fieldValue) mapped(f func(string) string) fieldValue {
	out := make(fieldValue, len(v))
	for i, p := range v {
		if out[i] = p; p.wild == 0 {
			out[i].text = f(p.text)
		}
	}
	return out
}

// withDashes replaces dashes and slashes by wildDash where windash applies: before a word and not
// behind a word.
func (v fieldValue) withDashes() fieldValue {
	var out fieldValue
	for _, p := range v {
		if p.wild != 0 {
			out = append(out, p)
			continue
		}
		runes := []rune(p.text)
		from := 0
		for i, r := range runes {
			if r != '-' && r != '/' || i > 0 && isWordRune(runes[i-1]) || i+1 >= len(runes) || !isWordRune(runes[i+1]) {
				continue
			}
			if i > from {
				out = append(out, valuePart{text: string(runes[from:i])})
			}
			out = append(out, valuePart{wild: wildDash})
			from = i + 1
		}
		if from < len(runes) {
			out = append(out, valuePart{text: string(runes[from:])})
		}
	}
	return out
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// spelledDashes returns the spellings of v, with each wildDash replaced by each dash. It returns
// false if the spellings are more than maxDashes. Adjacent texts become one text.
func (v fieldValue) spelledDashes() ([]fieldValue, bool) {
	list := []fieldValue{nil}
	for _, p := range v {
		texts := []string{p.text}
		if p.wild == wildDash {
			texts = dashForms
		}
		if len(list)*len(texts) > maxDashes {
			return nil, false
		}
		var next []fieldValue
		for _, head := range list {
			for _, text := range texts {
				head := head[:len(head):len(head)]
				if n := len(head); p.wild != wildDash && p.wild != 0 {
					head = append(head, p)
				} else if n > 0 && head[n-1].wild == 0 {
					head = append(head[:n-1:n-1], valuePart{text: head[n-1].text + text})
				} else {
					head = append(head, valuePart{text: text})
				}
				next = append(next, head)
			}
		}
		list = next
	}
	return list, true
}

// utf16Text encodes s as UTF-16, big-endian if big is set.
func utf16Text(s string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// utf16Mark is the byte order mark of UTF-16LE, which the modifier utf16 prepends.
const utf16Mark = "\xff\xfe"

// modified applies modifiers to a value from left to right. It returns the patterns to look for, or
// the reason why there are none.
func (s *reader) modified(n *yaml.Node, modifiers []string) ([]pattern, *re2.Reason) {
	no := func(text, detail string) ([]pattern, *re2.Reason) { return nil, re2.NewReason(text, detail) }
	for _, m := range modifiers {
		if what, ok := otherModifiers.Get()[m]; ok {
			return no(what, "|"+m)
		}
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		return no(aboutNested, "")
	case n.ShortTag() == "!!null" || n.Value == "":
		return no(aboutEmpty, "")
	}
	p := pattern{number: n.ShortTag() == "!!int" || n.ShortTag() == "!!float" || n.ShortTag() == "!!bool"}
	values := []fieldValue{parseValue(n.Value)}
	for i, m := range modifiers {
		if m != "" && m != "all" && m != "cased" {
			p.number = false
		}
		ends := [2]bool{m == "contains" || m == "endswith", m == "contains" || m == "startswith"}
		switch m {
		case "all", "":
		case "cased":
			p.cased = true
		case "re":
			return readRegex(n.Value, modifiers[i+1:])
		case "contains", "startswith", "endswith":
			for i, v := range values {
				values[i] = v.within(ends)
			}
		case "windash":
			for i, v := range values {
				values[i] = v.withDashes()
			}
		case "wide", "utf16le", "utf16", "utf16be", "base64", "base64offset":
			var why *re2.Reason
			if values, why = encodeValues(values, m, &p); why != nil {
				return nil, why
			}
		default:
			return no(whyModifier, "|"+m)
		}
	}
	var list []pattern
	for _, v := range values {
		if v = v.trimmed(); len(v) == 0 {
			return no(aboutAnything, "")
		}
		q := p
		if v.isPlain() {
			q.value = v
			list = append(list, q)
			continue
		}
		spelled, ok := v.spelledDashes()
		if !ok || v.hasWildcards() {
			spelled = []fieldValue{v}
		}
		for _, v := range spelled {
			q.value = v
			list = append(list, q)
		}
	}
	return list, nil
}

// within returns v with * at the chosen ends.
func (v fieldValue) within(ends [2]bool) fieldValue {
	many := valuePart{wild: wildMany}
	if ends[0] && (len(v) == 0 || v[0] != many) {
		v = append(fieldValue{many}, v...)
	}
	if ends[1] && v[len(v)-1] != many {
		v = append(v[:len(v):len(v)], many)
	}
	return v
}

// encodeValues applies an encoding modifier.
func encodeValues(values []fieldValue, modifier string, p *pattern) ([]fieldValue, *re2.Reason) {
	var out []fieldValue
	for _, v := range values {
		spelled, ok := v.spelledDashes()
		if !ok {
			return nil, re2.NewReason(whyDashes, fmt.Sprintf("more than %d values", maxDashes))
		}
		for _, v := range spelled {
			switch modifier {
			case "wide", "utf16le":
				out = append(out, v.mapped(func(s string) string { return utf16Text(s, false) }))
			case "utf16be":
				out = append(out, v.mapped(func(s string) string { return utf16Text(s, true) }))
			case "utf16":
				v = v.mapped(func(s string) string { return utf16Text(s, false) })
				if len(v) > 0 && v[0].wild == 0 {
					v[0].text = utf16Mark + v[0].text
				}
				out = append(out, v)
			default:
				if v.hasWildcards() {
					return nil, re2.NewReason(whyWildBase64, "|"+modifier)
				}
				text := []byte(v[0].text)
				if modifier == "base64" {
					out = append(out, fieldValue{{text: base64.StdEncoding.EncodeToString(text)}})
					continue
				}
				for _, shift := range job.Base64Shifts(text, base64.StdEncoding) {
					out = append(out, fieldValue{{text: string(shift)}})
				}
			}
		}
	}
	if p.bytes = strings.HasPrefix(modifier, "utf16") || modifier == "wide"; !p.bytes {
		p.cased = true
		if len(out) == 0 {
			return nil, re2.NewReason("value that is too short for base64offset", "")
		}
	}
	return out, nil
}

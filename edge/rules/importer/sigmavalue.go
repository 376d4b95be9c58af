// The values of Sigma's fields: escapes, wildcards and modifiers.

package importer

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"trawl/edge/ondemand"
)

// Why a value cannot be looked for.
const (
	aboutEmpty    = "field that must be empty or missing (null)"
	aboutAnything = "value that any text has (* alone)"
	aboutNested   = "value that is no text or number"
	whyWildBase64 = "base64 of a value with wildcards (* and ?, also those of contains, startswith and endswith)"
	whyDashes     = "windash with more dashes than can be spelled out"
	whyModifier   = "unknown modifier"
)

// sigmaOther are modifiers that make of a value something else than a text.
var sigmaOther = ondemand.Value[map[string]string]{Make: func() map[string]string {
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
	wildDash = '-' // one of sigmaDashes
)

// sigmaDashes are what windash takes for a dash.
var sigmaDashes = []string{"-", "/", "\u2013", "\u2014", "\u2015"}

// maxDashes bounds the values that one with windash becomes.
const maxDashes = 125

// sigmaPart is a text, or a wildcard.
type sigmaPart struct {
	text string
	wild byte
}

// sigmaValue is a value without its escapes.
type sigmaValue []sigmaPart

// parseSigmaValue reads a value: a backslash takes the meaning from *, ? and itself, and
// stands for itself before anything else.
func parseSigmaValue(s string) sigmaValue {
	var v sigmaValue
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			v = append(v, sigmaPart{text: text.String()})
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
			v = append(v, sigmaPart{wild: c})
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return v
}

// isPlain says whether v is one text; no text is none.
func (v sigmaValue) isPlain() bool { return len(v) == 1 && v[0].wild == 0 }

func (v sigmaValue) hasWildcards() bool {
	for _, p := range v {
		if p.wild == wildMany || p.wild == wildOne {
			return true
		}
	}
	return false
}

// trimmed is v without * at its ends, where it says nothing.
func (v sigmaValue) trimmed() sigmaValue {
	for len(v) > 0 && v[0].wild == wildMany {
		v = v[1:]
	}
	for len(v) > 0 && v[len(v)-1].wild == wildMany {
		v = v[:len(v)-1]
	}
	return v
}

// mapped is v with its texts changed.
func (v sigmaValue) mapped(f func(string) string) sigmaValue {
	out := make(sigmaValue, len(v))
	for i, p := range v {
		if out[i] = p; p.wild == 0 {
			out[i].text = f(p.text)
		}
	}
	return out
}

// withDashes is v with wildcards for the dashes and slashes that windash is about: those
// before a word and not behind one.
func (v sigmaValue) withDashes() sigmaValue {
	var out sigmaValue
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
				out = append(out, sigmaPart{text: string(runes[from:i])})
			}
			out = append(out, sigmaPart{wild: wildDash})
			from = i + 1
		}
		if from < len(runes) {
			out = append(out, sigmaPart{text: string(runes[from:])})
		}
	}
	return out
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// spelledDashes are the values that v stands for, each dash spelled out; false if they
// are too many. Texts that stand side by side become one.
func (v sigmaValue) spelledDashes() ([]sigmaValue, bool) {
	list := []sigmaValue{nil}
	for _, p := range v {
		texts := []string{p.text}
		if p.wild == wildDash {
			texts = sigmaDashes
		}
		if len(list)*len(texts) > maxDashes {
			return nil, false
		}
		var next []sigmaValue
		for _, head := range list {
			for _, text := range texts {
				head := head[:len(head):len(head)]
				if n := len(head); p.wild != wildDash && p.wild != 0 {
					head = append(head, p)
				} else if n > 0 && head[n-1].wild == 0 {
					head = append(head[:n-1:n-1], sigmaPart{text: head[n-1].text + text})
				} else {
					head = append(head, sigmaPart{text: text})
				}
				next = append(next, head)
			}
		}
		list = next
	}
	return list, true
}

// utf16Text is s in UTF-16, little-endian unless big is set.
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

// utf16Mark is the byte order mark in UTF-16LE, which the modifier utf16 puts in front.
const utf16Mark = "\xff\xfe"

// modified applies modifiers to a value, one by one from left to right, and returns the
// patterns to look for, or why there are none.
func (s *sigmaReader) modified(n *yaml.Node, modifiers []string) ([]sigmaPattern, *reason) {
	no := func(text, detail string) ([]sigmaPattern, *reason) { return nil, &reason{text, detail} }
	for _, m := range modifiers {
		if what, ok := sigmaOther.Get()[m]; ok {
			return no(what, "|"+m)
		}
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		return no(aboutNested, "")
	case n.ShortTag() == "!!null" || n.Value == "":
		return no(aboutEmpty, "")
	}
	p := sigmaPattern{number: n.ShortTag() == "!!int" || n.ShortTag() == "!!float" || n.ShortTag() == "!!bool"}
	values := []sigmaValue{parseSigmaValue(n.Value)}
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
			return sigmaRegex(n.Value, modifiers[i+1:])
		case "contains", "startswith", "endswith":
			for i, v := range values {
				values[i] = v.within(ends)
			}
		case "windash":
			for i, v := range values {
				values[i] = v.withDashes()
			}
		case "wide", "utf16le", "utf16", "utf16be", "base64", "base64offset":
			var why *reason
			if values, why = sigmaEncoded(values, m, &p); why != nil {
				return nil, why
			}
		default:
			return no(whyModifier, "|"+m)
		}
	}
	var list []sigmaPattern
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
			spelled = []sigmaValue{v}
		}
		for _, v := range spelled {
			q.value = v
			list = append(list, q)
		}
	}
	return list, nil
}

// within is v with * at its ends.
func (v sigmaValue) within(ends [2]bool) sigmaValue {
	many := sigmaPart{wild: wildMany}
	if ends[0] && (len(v) == 0 || v[0] != many) {
		v = append(sigmaValue{many}, v...)
	}
	if ends[1] && v[len(v)-1] != many {
		v = append(v[:len(v):len(v)], many)
	}
	return v
}

// sigmaEncoded applies a modifier that encodes.
func sigmaEncoded(values []sigmaValue, modifier string, p *sigmaPattern) ([]sigmaValue, *reason) {
	var out []sigmaValue
	for _, v := range values {
		spelled, ok := v.spelledDashes()
		if !ok {
			return nil, &reason{whyDashes, fmt.Sprintf("more than %d values", maxDashes)}
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
					return nil, &reason{whyWildBase64, "|" + modifier}
				}
				text := []byte(v[0].text)
				if modifier == "base64" {
					out = append(out, sigmaValue{{text: base64.StdEncoding.EncodeToString(text)}})
					continue
				}
				for _, shift := range base64Shifts(text, base64.StdEncoding) {
					out = append(out, sigmaValue{{text: string(shift)}})
				}
			}
		}
	}
	if p.bytes = strings.HasPrefix(modifier, "utf16") || modifier == "wide"; !p.bytes {
		p.cased = true
		if len(out) == 0 {
			return nil, &reason{"value that is too short for base64offset", ""}
		}
	}
	return out, nil
}

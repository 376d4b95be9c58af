// YARA's strings as literals and regexes.

package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	whyFullwordBytes = "finds more: fullword is not checked for bytes and wide text"
	whyFullwordRegex = "finds other: fullword on a regex looks at the neighbours of any match, not of the longest"
	whyWideRegex     = "finds less: a regex is not looked for in wide text"
	whyWildcards     = "finds more: of a hex string with wildcards the longest part without is looked for"
	whyNoRun         = "finds less: hex strings with too many wildcards are left out"
	whyAlphabet      = "finds less: base64 with an alphabet of its own is left out"
	whyStringRegex   = "finds less: a regex is left out, "
	noteNeighbours   = "fullword: a match includes the characters beside the word"
)

const (
	alnumBefore = `(?:^|[^0-9A-Za-z])`
	alnumAfter  = `(?:[^0-9A-Za-z]|$)`
)

// yaraWriter adds the strings of a rule; plain ones together.
type yaraWriter struct {
	*entry
	plain, nocase [][]byte
	failed        []reason
}

func (w *yaraWriter) add(s *yaraString) {
	switch s.value.kind {
	case yaraText:
		w.text(s)
	case yaraRegex:
		w.regexString(s)
	default:
		w.hexString(s)
	}
}

// flush adds what has been collected. A rule none of whose strings could be
// added is skipped.
func (w *yaraWriter) flush() {
	if len(w.plain) > 0 {
		w.literals("text", false, w.plain...)
	}
	if len(w.nocase) > 0 {
		w.literals("nocase", true, w.nocase...)
	}
	if len(w.made) == 0 && len(w.failed) > 0 {
		w.skip(strings.TrimPrefix(w.failed[0].text, "finds less: "), w.failed[0].detail)
		return
	}
	for _, r := range w.failed {
		w.partly(r.text, r.detail)
	}
}

func (w *yaraWriter) leftOut(text, detail string) { w.failed = append(w.failed, reason{text, detail}) }

func (s *yaraString) has(modifier string) bool {
	_, ok := s.mods[modifier]
	return ok
}

func (w *yaraWriter) text(s *yaraString) {
	text := []byte(s.value.text)
	if len(text) == 0 {
		w.leftOut("finds less: empty strings are left out", s.name)
		return
	}
	var forms [][]byte
	if !s.has("wide") || s.has("ascii") {
		forms = append(forms, text)
	}
	if s.has("wide") {
		forms = append(forms, wide(text))
	}
	switch {
	case s.has("base64") || s.has("base64wide"):
		w.base64(s, forms)
	case s.has("xor"):
		w.xor(s, forms)
	case s.has("fullword"):
		w.fullword(s, forms)
	case s.has("nocase"):
		w.nocase = append(w.nocase, forms...)
	default:
		w.plain = append(w.plain, forms...)
	}
}

// wide is a text with two bytes for each character, as in UTF-16.
func wide(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, c := range text {
		out = append(out, c, 0)
	}
	return out
}

// fullword means: no ASCII letter or digit beside it. Here `_` is not part of a
// word, other than with whole.
func (w *yaraWriter) fullword(s *yaraString, forms [][]byte) {
	name := s.name[1:]
	for i, form := range forms {
		if i > 0 || !utf8.Valid(form) || s.has("wide") && !s.has("ascii") {
			w.partly(whyFullwordBytes, s.name)
			if s.has("nocase") {
				w.nocase = append(w.nocase, form)
			} else {
				w.plain = append(w.plain, form)
			}
			continue
		}
		word := quoteText(string(form))
		if s.has("nocase") {
			word = "(?i:" + word + ")"
		}
		w.remark(noteNeighbours)
		w.regex(name, alnumBefore+word+alnumAfter, false)
	}
}

// xor adds each form with each key.
func (w *yaraWriter) xor(s *yaraString, forms [][]byte) {
	low, high := 0, 255
	if keys := s.mods["xor"]; keys != "" {
		from, to, isRange := strings.Cut(keys, "-")
		a, errA := strconv.ParseUint(from, 0, 8)
		b, errB := a, error(nil)
		if isRange {
			b, errB = strconv.ParseUint(to, 0, 8)
		}
		if errA != nil || errB != nil || a > b {
			w.leftOut("finds less: xor with keys that are not understood is left out", keys)
			return
		}
		low, high = int(a), int(b)
	}
	if s.has("fullword") {
		w.partly(whyFullwordBytes, s.name)
	}
	var list [][]byte
	for key := low; key <= high; key++ {
		for _, form := range forms {
			out := make([]byte, len(form))
			for i, c := range form {
				out[i] = c ^ byte(key)
			}
			list = append(list, out)
		}
	}
	w.literals(s.name[1:], false, list...)
}

// base64 adds what the text looks like within base64, at each of three positions.
func (w *yaraWriter) base64(s *yaraString, forms [][]byte) {
	if s.mods["base64"] != "" || s.mods["base64wide"] != "" {
		w.leftOut(whyAlphabet, s.name)
		return
	}
	for _, form := range forms {
		for _, part := range base64Shifts(form) {
			if s.has("base64") {
				w.plain = append(w.plain, part)
			}
			if s.has("base64wide") {
				w.plain = append(w.plain, wide(part))
			}
		}
	}
}

func (w *yaraWriter) regexString(s *yaraString) {
	f := perlFlags{i: strings.Contains(s.value.flags, "i") || s.has("nocase"), s: strings.Contains(s.value.flags, "s")}
	if s.has("wide") {
		w.leftOut(whyWideRegex, s.name)
		if !s.has("ascii") {
			return
		}
	}
	t, err := translatePerl(s.value.text, yaraDialect, f)
	if err != nil {
		if r, ok := err.(*refused); ok {
			w.leftOut(whyStringRegex+r.text, s.name+" "+r.detail)
		}
		return
	}
	if s.has("fullword") {
		w.partly(whyFullwordRegex, s.name)
		t.expr = alnumBefore + "(?:" + t.expr + ")" + alnumAfter
	}
	w.translated(s.name[1:], t, false)
}

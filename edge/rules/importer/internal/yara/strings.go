package yara

// YARA's strings as literals and regexes.

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

const (
	whyFullwordBytes = "finds more: fullword is not checked for bytes that are not UTF-8"
	whyFullwordRegex = "finds more: fullword on a regex looks at the neighbours of any match, not of the longest"
	whyWideRegex     = "finds less: a regex is left out in wide text, "
	whyWildcards     = "finds more: of a hex string with wildcards the longest part without is looked for"
	whyNoRun         = "finds less: hex strings of bytes that are not UTF-8, with wildcards and no four bytes without, are left out"
	whyAlphabet      = "finds less: base64 with an alphabet that is not 64 different characters is left out"
	whyStringRegex   = "finds less: a regex is left out, "
	noteNeighbours   = "fullword: a match includes the characters beside the word"
)

// The neighbours of a word with fullword: no ASCII letter or digit; in wide text, none followed by
// a zero.
const (
	alnumBefore = `(?:^|[^0-9A-Za-z])`
	alnumAfter  = `(?:[^0-9A-Za-z]|$)`
	wideBefore  = `(?:^\x00?|[^\x00]|[^0-9A-Za-z]\x00)`
	wideAfter   = `(?:$|[^0-9A-Za-z]|[0-9A-Za-z](?:$|[^\x00]))`
)

func fullwordSides(wide bool) (before, after string) {
	if wide {
		return wideBefore, wideAfter
	}
	return alnumBefore, alnumAfter
}

// writer adds the strings of a rule. Plain strings share a rule.
type writer struct {
	*job.Entry
	plain, nocase [][]byte
	failed        []re2.Reason
}

func (w *writer) add(s *stringDef) {
	switch s.value.kind {
	case tokenText:
		w.text(s)
	case tokenRegex:
		w.regexString(s)
	default:
		w.hexString(s)
	}
}

// flush adds the collected strings. If no string of the rule could be added, the rule is skipped.
func (w *writer) flush() {
	if len(w.plain) > 0 {
		w.AddLiterals("text", false, w.plain...)
	}
	if len(w.nocase) > 0 {
		w.AddLiterals("nocase", true, w.nocase...)
	}
	if len(w.Made) == 0 && len(w.failed) > 0 {
		w.Skip(strings.TrimPrefix(w.failed[0].Text, "finds less: "), w.failed[0].Detail)
		return
	}
	for _, r := range w.failed {
		w.TakeInPart(r.Text, r.Detail)
	}
}

func (w *writer) leftOut(text, detail string) { w.failed = append(w.failed, re2.Because(text, detail)) }

func (s *stringDef) has(modifier string) bool {
	_, ok := s.mods[modifier]
	return ok
}

func (w *writer) text(s *stringDef) {
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

// wide returns a text with two bytes for each character, as in UTF-16.
func wide(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, c := range text {
		out = append(out, c, 0)
	}
	return out
}

// fullword adds words, for which `_` is not a part of a word, in contrast to trawl's whole.
func (w *writer) fullword(s *stringDef, forms [][]byte) {
	name := s.name[1:]
	for i, form := range forms {
		if !utf8.Valid(form) {
			w.TakeInPart(whyFullwordBytes, s.name)
			if s.has("nocase") {
				w.nocase = append(w.nocase, form)
			} else {
				w.plain = append(w.plain, form)
			}
			continue
		}
		word := shape.QuoteText(string(form))
		if s.has("nocase") {
			word = "(?i:" + word + ")"
			if re2.OtherCase(string(form)) {
				w.TakeInPart(re2.WhyFold, s.name)
			}
		}
		w.Remark(noteNeighbours)
		before, after := fullwordSides(i > 0 || s.has("wide") && !s.has("ascii"))
		w.AddRegex(name, before+word+after, false)
	}
}

// xor adds each form with each key.
func (w *writer) xor(s *stringDef, forms [][]byte) {
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
		w.TakeInPart(whyFullwordBytes, s.name)
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
	w.AddLiterals(s.name[1:], false, list...)
}

// base64 adds the text within base64, at each of three positions.
func (w *writer) base64(s *stringDef, forms [][]byte) {
	encoding, ok := alphabetOf(s.mods["base64"] + s.mods["base64wide"])
	if !ok || s.mods["base64"] != "" && s.mods["base64wide"] != "" && s.mods["base64"] != s.mods["base64wide"] {
		w.leftOut(whyAlphabet, s.name)
		return
	}
	for _, form := range forms {
		for _, part := range job.Base64Shifts(form, encoding) {
			if s.has("base64") {
				w.plain = append(w.plain, part)
			}
			if s.has("base64wide") {
				w.plain = append(w.plain, wide(part))
			}
		}
	}
}

// alphabetOf returns base64 with the given characters, or false if the alphabet is not valid.
func alphabetOf(characters string) (*base64.Encoding, bool) {
	const size = 64
	if characters == "" {
		return base64.StdEncoding, true
	}
	if len(characters) == 2*size && characters[:size] == characters[size:] {
		characters = characters[:size] // of base64 and base64wide
	}
	seen := map[byte]bool{'\n': true, '\r': true}
	for i := range len(characters) {
		if seen[characters[i]] {
			return nil, false
		}
		seen[characters[i]] = true
	}
	if len(characters) != size {
		return nil, false
	}
	return base64.NewEncoding(characters).WithPadding(base64.NoPadding), true
}

func (w *writer) regexString(s *stringDef) {
	if !s.has("wide") || s.has("ascii") {
		w.regexForm(s, false)
	}
	if s.has("wide") {
		w.regexForm(s, true)
	}
}

// regexForm adds a regex for text, or for wide text.
func (w *writer) regexForm(s *stringDef, wide bool) {
	f := re2.Flags{IgnoreCase: strings.Contains(s.value.flags, "i") || s.has("nocase"), DotAll: strings.Contains(s.value.flags, "s"), Wide: wide}
	name, why := s.name[1:], whyStringRegex
	if wide {
		name, why = name+".wide", whyWideRegex
	}
	t, err := re2.Perl(s.value.text, re2.YARA, f)
	if err != nil {
		if r, ok := err.(*re2.Refused); ok {
			w.leftOut(why+r.Text, s.name+" "+r.Detail)
		}
		return
	}
	if s.has("fullword") {
		w.TakeInPart(whyFullwordRegex, s.name)
		before, after := fullwordSides(wide)
		if t.Opens {
			before = "" // the neighbour may be a part of a character
		}
		if t.Closes {
			after = ""
		}
		t.Expr = before + "(?:" + t.Expr + ")" + after
	}
	w.AddTranslation(name, t, false)
}

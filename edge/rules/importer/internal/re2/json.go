package re2

// Values of fields as JSON strings.

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

// JSONWriter describes how a program escapes strings in JSON. RFC 8259 leaves many choices, of
// which programs use only a few.
type JSONWriter struct {
	short bool   // \" rather than \u0022
	ascii bool   // \u00e9 rather than é
	upper bool   // \u00E9 rather than \u00e9
	also  string // further characters to escape
	slash bool   // \/ rather than /
}

var JSONWriters = []JSONWriter{
	{short: true},                                // only the required escapes
	{short: true, ascii: true},                   // Python
	{short: true, also: "<>&\u2028\u2029"},       // Go
	{short: true, ascii: true, slash: true},      // PHP
	{ascii: true, upper: true, also: "\"'&<>+`"}, // .NET
}

// Escape returns text as escaped by w.
func (w JSONWriter) Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch i := strings.IndexRune("\b\f\n\r\t", r); {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '"' && w.short:
			b.WriteString(`\"`)
		case r == '/' && w.slash:
			b.WriteString(`\/`)
		case i >= 0:
			b.WriteString(`\` + "bfnrt"[i:i+1])
		case r < ' ' || r > '~' && w.ascii || strings.ContainsRune(w.also, r):
			b.WriteString(w.number(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// number returns r as \u with a number, or as two numbers for a surrogate pair.
func (w JSONWriter) number(r rune) string {
	format := `\u%04x`
	if w.upper {
		format = `\u%04X`
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

// JSONForms returns text, unescaped and as escaped by each writer. Forms that contain an earlier
// form are left out.
func JSONForms(text string) []string {
	forms := []string{text}
	if !utf8.ValidString(text) {
		return forms
	}
	for _, w := range JSONWriters {
		if form := w.Escape(text); !slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(form, f) }) {
			forms = append(forms, form)
		}
	}
	return forms
}

// OtherCase reports whether text has letters beyond ASCII with a second case. Ignoring case, \u00e9
// and \u00c9 are equal for such a text.
func OtherCase(text string) bool {
	for _, r := range text {
		if r >= utf8.RuneSelf && unicode.SimpleFold(r) != r {
			return true
		}
	}
	return false
}

// JSONNumbers returns a regex for text with all characters beyond ASCII as numbers, ignoring case.
func JSONNumbers(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteString(jsonChar(r, true))
		} else {
			b.WriteString(jsonNumber(r, true))
		}
	}
	return b.String()
}

// jsonNumber returns a regex for the number of r; with fold, of r in any case.
func jsonNumber(r rune, fold bool) string {
	list := []string{shape.QuoteText(JSONWriters[1].number(r))}
	for f := unicode.SimpleFold(r); fold && f != r; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			list = append(list, shape.QuoteText(JSONWriters[1].number(f)))
		}
	}
	return "(?i:" + strings.Join(list, "|") + ")"
}

// Regexes for a character as a number, surrogate pairs included, and for a character in any form.
const (
	jsonAnyNumber = `\\u[0-9A-Fa-f]{4}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{2})?`
	JSONAny       = `(?:` + jsonAnyNumber + `|\\.|.)`
)

// jsonChar returns a regex for r, unescaped and escaped.
func jsonChar(r rune, fold bool) string {
	forms := []string{shape.QuoteRune(r, `\.+*?()|[]{}^$`)}
	if r >= utf8.RuneSelf {
		return "(?:" + forms[0] + "|" + jsonNumber(r, fold) + ")"
	}
	for _, form := range jsonEscapes(r) {
		forms = append(forms, shape.QuoteText(form))
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return "(?:" + strings.Join(forms, "|") + ")"
}

// jsonEscapes returns the escapes of an ASCII character.
func jsonEscapes(r rune) []string {
	var list []string
	for _, w := range JSONWriters {
		if form := w.Escape(string(r)); form != string(r) && !slices.Contains(list, form) {
			list = append(list, form)
		}
	}
	return list
}

// jsonClass returns a class extended by escaped characters. next is the source behind the class.
func jsonClass(class string, f Flags, next string) string {
	ranges := classRanges(class, f)
	has := func(r rune) bool {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				return true
			}
		}
		return false
	}
	if repeatsFreely(next) && !strings.ContainsFunc(`\u0123456789abcdefntr`, func(r rune) bool { return !has(r) }) {
		return class // matches each character of an escape
	}
	wide := len(ranges) > 0 && ranges[len(ranges)-1] >= utf8.RuneSelf
	short := "" // escapes of a backslash and a character
	var forms []string
	for r := rune(0); r < utf8.RuneSelf; r++ {
		if !has(r) {
			continue
		}
		for _, form := range jsonEscapes(r) {
			switch {
			case len(form) == 2:
				short += shape.QuoteRune(rune(form[1]), shape.ClassSpecial)
			case !wide:
				forms = append(forms, shape.QuoteText(form))
			}
		}
	}
	if short != "" {
		forms = append(forms, `\\[`+short+`]`)
	}
	if wide {
		forms = append(forms, jsonAnyNumber)
	}
	if len(forms) == 0 {
		return class
	}
	return "(?:" + strings.Join(forms, "|") + "|" + class + ")"
}

// repeatsFreely reports whether s begins with an unbounded repetition, from 0 or 1 on.
func repeatsFreely(s string) bool {
	if strings.HasPrefix(s, "*") || strings.HasPrefix(s, "+") {
		return true
	}
	low, high, size := shape.ReadCount(s+" ", false)
	return strings.HasPrefix(s, "{") && size > 0 && high < 0 && low <= 1
}

package re2

// How values stand in events that are logged as JSON.

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

// JSONWriter says how a program writes a character into a JSON string: the strings of
// RFC 8259 can be written in many ways, and programs have settled on a few.
type JSONWriter struct {
	short bool   // \" and not \u0022
	ascii bool   // \u00e9 and not é
	upper bool   // \u00E9 and not \u00e9
	also  string // what else gets a backslash or a number
	slash bool   // \/ and not /
}

var JSONWriters = []JSONWriter{
	{short: true},                                // what must be escaped, and no more
	{short: true, ascii: true},                   // Python
	{short: true, also: "<>&\u2028\u2029"},       // Go
	{short: true, ascii: true, slash: true},      // PHP
	{ascii: true, upper: true, also: "\"'&<>+`"}, // .NET
}

// Escape is text as w writes it.
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

// number is \u and the number of r, or of each of its surrogates.
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

// JSONForms are the texts that text can stand for in a log: as it is, and as JSON. What
// contains another of them is left out.
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

// OtherCase says whether text has letters beyond ASCII that come in two cases: then \u00e9
// and \u00c9 are one text.
func OtherCase(text string) bool {
	for _, r := range text {
		if r >= utf8.RuneSelf && unicode.SimpleFold(r) != r {
			return true
		}
	}
	return false
}

// JSONNumbers is a regex for text whose characters beyond ASCII are written as numbers,
// in any case.
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

// jsonNumber is a regex for the number of r or, ignoring case, of what is the same letter.
func jsonNumber(r rune, fold bool) string {
	list := []string{shape.QuoteText(JSONWriters[1].number(r))}
	for f := unicode.SimpleFold(r); fold && f != r; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			list = append(list, shape.QuoteText(JSONWriters[1].number(f)))
		}
	}
	return "(?i:" + strings.Join(list, "|") + ")"
}

// Regexes for one character as a number, a surrogate pair among them, and for one
// character in any form.
const (
	jsonAnyNumber = `\\u[0-9A-Fa-f]{4}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{2})?`
	JSONAny       = `(?:` + jsonAnyNumber + `|\\.|.)`
)

// jsonChar is a regex for r, also as JSON.
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

// jsonEscapes are the ways to write an ASCII character that are not the character.
func jsonEscapes(r rune) []string {
	var list []string
	for _, w := range JSONWriters {
		if form := w.Escape(string(r)); form != string(r) && !slices.Contains(list, form) {
			list = append(list, form)
		}
	}
	return list
}

// jsonClass is a class, also for characters as JSON. next is what stands behind it.
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
		return class // takes the escapes character by character
	}
	wide := len(ranges) > 0 && ranges[len(ranges)-1] >= utf8.RuneSelf
	short := "" // escapes of a backslash and one character
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

// repeatsFreely says whether s begins with a repetition without end.
func repeatsFreely(s string) bool {
	if strings.HasPrefix(s, "*") || strings.HasPrefix(s, "+") {
		return true
	}
	low, high, size := shape.ReadCount(s+" ", false)
	return strings.HasPrefix(s, "{") && size > 0 && high < 0 && low <= 1
}

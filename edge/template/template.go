package template

// Parsing and filling in.

import (
	"slices"
	"strings"

	"trawl/edge/escape"
)

// Names lists the fields that every event may have. Beside these there are
// "groups.NAME", the named groups of a regex, and "labels.NAME".
var Names = []string{
	"id", "time", "board", "source", "rules", "rule", "severity", "tags", "message",
	"text", "line", "start", "end", "count", "suppressed",
}

// Template is a parsed template. The zero value is the empty text. It does not change, so
// several goroutines may use it.
type Template struct{ parts []part }

// part is literal text, or the name of a field.
type part struct{ literal, name string }

// maxTemplate bounds a template, in bytes.
const maxTemplate = 16 << 10

// Parse reads a template. The error says which name is unknown or where a brace is open.
func Parse(s string) (Template, error) {
	var t Template
	if len(s) > maxTemplate {
		return t, escape.Errorf("a template has at most %d bytes, this one %d", maxTemplate, len(s))
	}
	var literal strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "{{"), strings.HasPrefix(s[i:], "}}"):
			literal.WriteByte(s[i])
			i++
		case s[i] == '}':
			return Template{}, escape.Errorf("a } without its { at %q; write }} for a brace", s[i:])
		case s[i] == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return Template{}, escape.Errorf("a { without its } at %q; write {{ for a brace", s[i:])
			}
			name := s[i+1 : i+end]
			if err := CheckName(name); err != nil {
				return Template{}, err
			}
			if literal.Len() > 0 {
				t.parts = append(t.parts, part{literal: literal.String()})
				literal.Reset()
			}
			t.parts = append(t.parts, part{name: name})
			i += end
		default:
			literal.WriteByte(s[i])
		}
	}
	if literal.Len() > 0 {
		t.parts = append(t.parts, part{literal: literal.String()})
	}
	return t, nil
}

// CheckName says whether an event can have the field.
func CheckName(name string) error {
	for _, prefix := range []string{"groups.", "labels."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			return nil
		}
	}
	if slices.Contains(Names, name) {
		return nil
	}
	return escape.Errorf("unknown name {%s}; there are %s, groups.NAME and labels.NAME; write {{ for a brace", name, strings.Join(Names, ", "))
}

// Append appends the text of t to dst. Field returns the value of a field; escape appends
// a value to a text as the place wants it. Ok is false if a field had no value; nothing
// stands for it then.
func (t Template) Append(dst []byte, field func(name string) ([]byte, bool), escape func(dst, value []byte) []byte) (text []byte, ok bool) {
	ok = true
	for _, p := range t.parts {
		if p.name == "" {
			dst = append(dst, p.literal...)
			continue
		}
		value, has := field(p.name)
		ok = ok && has
		dst = escape(dst, value)
	}
	return dst, ok
}

// Literal returns the text of a template without names.
func (t Template) Literal() (text string, ok bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].name == "":
		return t.parts[0].literal, true
	}
	return "", false
}

// Name returns the name of a template that is one name and nothing else.
func (t Template) Name() (name string, ok bool) {
	if len(t.parts) == 1 && t.parts[0].name != "" {
		return t.parts[0].name, true
	}
	return "", false
}

// Names returns the names in t, in their order.
func (t Template) Names() (names []string) {
	for _, p := range t.parts {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// Prefix is the literal text before the first name.
func (t Template) Prefix() string {
	if len(t.parts) > 0 {
		return t.parts[0].literal
	}
	return ""
}

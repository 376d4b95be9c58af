package template

import (
	"strings"
	"testing"
)

func fields(name string) ([]byte, bool) {
	switch name {
	case "rule":
		return []byte("ssh"), true
	case "groups.ip":
		return []byte("203.0.113.9"), true
	}
	return nil, false
}

func plain(dst, value []byte) []byte { return append(dst, value...) }

func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		text, want string
		complete   bool
	}{
		{"", "", true},
		{"a {rule} b", "a ssh b", true},
		{"{rule}{groups.ip}", "ssh203.0.113.9", true},
		{"{{rule}} }}{{", "{rule} }{", true},
		{"x{groups.user}y", "xy", false},
		{"{labels.site}", "", false},
	} {
		p, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got, ok := p.Append(nil, fields, plain); string(got) != c.want || ok != c.complete {
			t.Errorf("%q: %q, %v", c.text, got, ok)
		}
	}
}

func TestTemplatesRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{nonsense}":                   "unknown name {nonsense}; there are id, ",
		"{groups.}":                    "unknown name {groups.}",
		"{}":                           "unknown name {}",
		"a {rule":                      "a { without its }",
		"a } b":                        "a } without its {",
		"{\x1b}":                       `unknown name {\x1b}`,
		strings.Repeat("x", 17<<10):    "at most 16384 bytes",
		"{" + strings.Repeat("x", 300): "without its }",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestTemplateParts(t *testing.T) {
	p, _ := Parse("{rule}")
	if name, ok := p.Name(); !ok || name != "rule" {
		t.Error(name, ok)
	}
	if _, ok := p.Literal(); ok {
		t.Error("a name is no literal")
	}
	p, _ = Parse("https://host/{rule}?{board}")
	if p.Prefix() != "https://host/" || strings.Join(p.Names(), " ") != "rule board" {
		t.Error(p.Prefix(), p.Names())
	}
	if _, ok := p.Name(); ok {
		t.Error("more than a name")
	}
}

// What is taken as a template can be filled in, and holds the literal text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "{rule}", "{{", "}}{text} {groups.x}", "{", "}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		got, _ := p.Append(nil, func(name string) ([]byte, bool) { return []byte("{" + name + "}"), true }, plain)
		double := strings.NewReplacer("{{", "{", "}}", "}").Replace(s)
		if string(got) != double && !strings.Contains(s, "{{{") && !strings.Contains(s, "}}}") {
			t.Fatalf("%q gave %q", s, got)
		}
	})
}

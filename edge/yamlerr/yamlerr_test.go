package yamlerr

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestExplain(t *testing.T) {
	const tab = "a tab, where YAML wants blanks"
	for text, want := range map[string]struct {
		line int
		says string
	}{
		"worker:\n\trules: x\n":           {2, tab},
		"worker:\n  a: b\n\tc: d\n":       {3, tab},
		"worker:\n  rules:\n  \t- x\n":    {3, tab},
		"worker:\n  a:\n    - x\n\t- y\n": {4, tab},
		"a: [\n":                          {2, "did not find expected"},
		"a: @b\n":                         {1, "cannot start any token"},
		"a: b\nc: `d\te`\n":               {2, "cannot start any token"},
		"a: *x\n":                         {1, "unknown anchor"},
		"rules:\n  - regex: \"a\\d\"\n":   {2, "in single quotes, where a backslash is a backslash"},
	} {
		var node yaml.Node
		err := yaml.Unmarshal([]byte(text), &node)
		if err == nil {
			t.Errorf("%q is YAML", text)
			continue
		}
		line, says := Explain(err, []byte(text))
		if line != want.line || !strings.Contains(says, want.says) {
			t.Errorf("%q (%v): line %d: %s; want line %d: %s", text, err, line, says, want.line, want.says)
		}
	}
}

// Whatever the library says of any bytes, the line is one that there is, or the one
// behind the last.
func FuzzExplain(f *testing.F) {
	f.Add([]byte("worker:\n\trules: x\n"))
	f.Add([]byte("\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var node yaml.Node
		err := yaml.Unmarshal(data, &node)
		if err == nil {
			return
		}
		if line, says := Explain(err, data); line < 1 || says == "" {
			t.Errorf("%v: line %d, %q", err, line, says)
		}
	})
}

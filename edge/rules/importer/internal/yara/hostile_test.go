package yara

import (
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

// Very long texts, comments and nesting yield no rules, and no crash.
func TestLongYARAText(t *testing.T) {
	for _, src := range []string{
		"rule a { strings: $a = \"" + strings.Repeat("a", 4<<20) + "\" condition: $a }",
		"rule a { condition: " + strings.Repeat("(", 1<<17),
		"rule a { condition: " + strings.Repeat("not ", 1<<17) + "}",
		strings.Repeat("rule a {\n", 1<<12),
		"/*" + strings.Repeat("x", 4<<20),
		"rule a { strings: $a = { " + strings.Repeat("(", 1<<17) + " } condition: $a }",
		"rule a { strings: $a = /" + strings.Repeat("(", 1<<17) + "/ condition: $a }",
	} {
		r, err := importertest.Run(&Kind, importertest.MemFiles{"f": []byte(src)}, "f")
		if err == nil && len(r.Rules) > 0 {
			t.Errorf("%.40s became %d rules", src, len(r.Rules))
		}
	}
}

package yara

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/test/need"
)

// manualRules returns all rules of YARA's manual.
func manualRules(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(need.Unpacked(t, importertest.YARAManual, "yara-doc"))
	if err != nil {
		t.Fatal(err)
	}
	var src strings.Builder
	rule := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    rule ") || strings.HasPrefix(line, "    private rule ") || strings.HasPrefix(line, "    global rule ") {
			rule = true
		}
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "    ") {
			rule = false
		}
		if rule {
			src.WriteString(line)
		}
	}
	return src.String()
}

// Every rule of YARA's manual is recognized as a rule.
func TestPackagedYARAManual(t *testing.T) {
	r, err := importertest.Run(&Kind, importertest.MemFiles{"manual.yar": []byte(manualRules(t))}, "manual.yar")
	if err != nil {
		t.Fatal(err)
	}
	importertest.Check(t, r)
	for _, c := range r.Summary.SkippedWhy {
		if c.What == whyNotRule && c.Count > 3 { // three have "..." as a placeholder
			t.Errorf("%d rules were not understood", c.Count)
		}
	}
	if r.Summary.Found < 40 {
		t.Errorf("only %d rules found", r.Summary.Found)
	}
	t.Log(r.Summary.Text(false))
}

// The taken rules of YARA's manual find the same texts as yara. The texts are generated from the
// rules.
func TestPackagedYARAManualSameFilesAsYARA(t *testing.T) {
	need.Path(t, "/usr/bin/yara", "yara")
	g := rand.New(rand.NewPCG(21, 22))
	taken, asked := 0, 0
	for _, src := range strings.SplitAfter(manualRules(t), "\n    }\n") {
		r, err := importertest.Run(&Kind, importertest.MemFiles{"r.yar": []byte(src)}, "r.yar")
		if err != nil || r.Summary.Taken != 1 || r.Summary.Found != 1 {
			continue
		}
		folder := t.TempDir()
		texts := map[string]string{}
		for i := range min(len(r.Rules), 10) {
			for _, text := range importertest.TextsFor(g, &r.Rules[i]) {
				name := fmt.Sprintf("t%04d", len(texts))
				texts[name] = text
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		want, ok := filesHit(t, folder, src)
		if !ok {
			continue
		}
		taken++
		asked += len(texts)
		find := importertest.Finder(t, r.Rules)
		for name, text := range texts {
			if find(text) != want[name] {
				t.Errorf("%s on %q: %v, yara %v", src, text, find(text), want[name])
			}
		}
	}
	t.Logf("%d rules that are taken, on %d texts", taken, asked)
	if taken < 8 {
		t.Errorf("only %d rules were compared", taken)
	}
}

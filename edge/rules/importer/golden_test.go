package importer

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What becomes of small rule sets, one of each kind: the rule file and what the
// summary says of each rule.
func TestGolden(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			t.Chdir("testdata/golden")
			r := importertest.All(t, kindNamed(k.Name), k.Name)
			yaml, err := r.YAML()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, k.Name+".want.yaml", string(yaml))
			golden(t, k.Name+".want.txt", r.Summary.Text(true))
			again, err := Import(k.Name, []string{k.Name})
			if err != nil {
				t.Fatal(err)
			}
			if second, _ := again.YAML(); string(second) != string(yaml) {
				t.Error("a second import gives something else")
			}
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

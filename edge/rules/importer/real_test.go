package importer

import (
	"os"
	"path/filepath"
	"testing"

	"trawl/edge/rules"
)

// needPackage skips a test whose Debian package is not installed; CI has them all.
func needPackage(t *testing.T, name, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: install %s", path, name)
	}
	t.Skipf("needs Debian's package %s", name)
}

// importAll imports and checks what holds for every import: the counts add up,
// and what is written is a rule file that compiles.
func importAll(t *testing.T, kind string, paths ...string) *Result {
	t.Helper()
	r, err := Import(kind, paths)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r)
	return r
}

func checkResult(t *testing.T, r *Result) {
	t.Helper()
	s := &r.Summary
	if s.Found != s.Taken+s.InPart+s.Skipped || s.Written != len(r.Rules) {
		t.Errorf("counts do not add up: %+v", s)
	}
	if len(r.Rules) == 0 {
		return
	}
	yaml, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := rules.Check([]string{path}, rules.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml[:min(len(yaml), 2000)])
	}
	if report.Rules != len(r.Rules) {
		t.Errorf("%d rules written, %d read", len(r.Rules), report.Rules)
	}
}

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// budget is what a program for the smallest boards may weigh.
const budget = 12e6

// checkout clones the commit into a folder of its own.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trawl")
	if out, err := exec.Command("git", "clone", "-q", "../..", dir).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	return dir
}

func distribute(t *testing.T, dir string, env ...string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "umask $MASK; make dist TARGETS='linux/arm/6 linux/arm64'")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make dist: %v\n%s", err, out)
	}
}

// Who builds a commit, where, and with what time zone, language and umask, changes
// nothing.
func TestReleaseIsReproducible(t *testing.T) {
	if os.Getenv("TRAWL_DIST") == "" {
		t.Skip("skipped: make test-dist runs it")
	}
	first, second := checkout(t), checkout(t)
	distribute(t, first, "MASK=022", "TZ=UTC", "LC_ALL=C")
	distribute(t, second, "MASK=077", "TZ=Pacific/Auckland", "LC_ALL=de_DE.UTF-8", "USER=somebody", "GOFLAGS=-p=1")
	names, err := os.ReadDir(filepath.Join(first, "dist"))
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for _, n := range names {
		a, err := os.ReadFile(filepath.Join(first, "dist", n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(second, "dist", n.Name()))
		if err != nil || string(a) != string(b) {
			t.Errorf("%s is not the same the second time: %v", n.Name(), err)
		}
		switch {
		case strings.HasSuffix(n.Name(), ".deb"):
			packages++
		case strings.HasSuffix(n.Name(), "-armv6"):
			t.Logf("%s: %.1f MB of %.0f", n.Name(), float64(len(a))/1e6, budget/1e6)
			if len(a) > budget {
				t.Errorf("%s has %d bytes, over its budget of %.0f", n.Name(), len(a), budget)
			}
		case strings.HasSuffix(n.Name(), ".json"):
			checkParts(t, a)
		}
	}
	if packages != 2 {
		t.Errorf("%d packages, want 2", packages)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	check.Dir = filepath.Join(first, "dist")
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// checkParts looks whether a list of parts has some that must be there, and refers
// only to what it has.
func checkParts(t *testing.T, b []byte) {
	t.Helper()
	var list cyclone
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{list.Metadata.Component.Ref: true}
	for _, c := range list.Components {
		if c.Version == "" || have[c.Ref] {
			t.Errorf("part %s %q is there twice or has no version", c.Ref, c.Version)
		}
		have[c.Ref] = true
		have[c.Name] = true
	}
	for _, name := range []string{"std", "github.com/spf13/cobra", "golang.org/x/crypto"} {
		if !have[name] {
			t.Errorf("the list of parts does not have %s", name)
		}
	}
	for _, d := range list.Dependencies {
		for _, ref := range append(d.On, d.Ref) {
			if !have[ref] {
				t.Errorf("the list of parts refers to %s, which is not in it", ref)
			}
		}
	}
}

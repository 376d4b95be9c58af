// Package need is for tests of what not every machine has: other people's programs
// and files, by the names of Debian's packages. Where it is missing the test is
// skipped, and fails where CI is set, which installs everything.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// That ends the test here unless ok, and names what is missing.
func That(t testing.TB, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("CI") != "":
		t.Fatalf("CI has no %s", what)
	default:
		t.Skipf("needs %s", what)
	}
}

// Program is That for a program of a package.
func Program(t testing.TB, program, pkg string) {
	t.Helper()
	_, err := exec.LookPath(program)
	That(t, err == nil, pkg)
}

// Path is That for a file or folder of a package.
func Path(t testing.TB, path, pkg string) {
	t.Helper()
	_, err := os.Stat(path)
	That(t, err == nil, pkg)
}

// Unpacked is the path of a file or folder of a package that was unpacked into the
// folder TRAWL_PACKAGES: tests of what packages hold read nothing of the machine's own,
// which its owner may have changed.
func Unpacked(t testing.TB, path, pkg string) string {
	t.Helper()
	root := os.Getenv("TRAWL_PACKAGES")
	That(t, root != "", "package "+pkg+" unpacked in the folder TRAWL_PACKAGES")
	path = filepath.Join(root, path)
	Path(t, path, pkg+" unpacked in "+root)
	return path
}

// Version is that of a package in the folder TRAWL_PACKAGES, as its file's name has it.
func Version(t testing.TB, pkg string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(os.Getenv("TRAWL_PACKAGES"), pkg+"_*.deb"))
	That(t, len(files) == 1, "the one file "+pkg+"_*.deb in the folder TRAWL_PACKAGES")
	version, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(files[0]), pkg+"_"), "_")
	return strings.ReplaceAll(version, "%3a", ":")
}

// Package need is for tests of what not every machine has: other people's programs
// and files, by the names of Debian's packages. Where it is missing the test is
// skipped, and fails where CI is set, which installs everything.
package need

import (
	"os"
	"os/exec"
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

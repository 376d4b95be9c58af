// Package need is for tests of what not every machine has: other people's programs
// and files, by the names of Debian's packages. Where it is missing the test is
// skipped, and fails where CI is set, which installs everything. Tests read nothing else
// of the machine: not what its packages and owner have put into /etc and /usr/share, and
// not what its user has put into the environment.
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

// Path is That for a program or a library of a package.
func Path(t testing.TB, path, pkg string) {
	t.Helper()
	_, err := os.Stat(path)
	That(t, err == nil, pkg)
}

// packages is the folder into which test/need/packages.sh has unpacked packages.
const packages = "TRAWL_PACKAGES"

// Unpacked is the path of a file or folder of a package that was unpacked for tests into
// the folder TRAWL_PACKAGES. What is installed is not looked at: its owner may have
// changed it, and other packages may have added to it. Tests that use this have Packaged
// in their names, by which the Makefile tells them from unit tests.
func Unpacked(t testing.TB, path, pkg string) string {
	t.Helper()
	if name, _, _ := strings.Cut(t.Name(), "/"); strings.HasPrefix(name, "Test") && !strings.Contains(name, "Packaged") {
		t.Fatalf("%s reads what is in package %s: its name must contain Packaged", name, pkg)
	}
	root := os.Getenv(packages)
	That(t, root != "", "package "+pkg+" in the folder "+packages+" (test/need/packages.sh FOLDER unpacks it)")
	path = filepath.Join(root, path)
	Path(t, path, pkg+" unpacked in "+root+" (test/need/packages.sh "+root+")")
	return path
}

// Version is that of a package in the folder TRAWL_PACKAGES, as its file's name has it.
func Version(t testing.TB, pkg string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(os.Getenv(packages), pkg+"_*.deb"))
	That(t, len(files) == 1, "the one file "+pkg+"_*.deb in the folder "+packages)
	version, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(files[0]), pkg+"_"), "_")
	return strings.ReplaceAll(version, "%3a", ":")
}

// Command is exec.Command with Environment, for a program that a test runs.
func Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = Environment()
	return cmd
}

// Environment is what programs get that a test runs: where programs, libraries and the
// user's folders are, and texts in UTF-8 with messages in English. All other variables of
// the user would tell them what no test expects: settings of trawl's, proxies, colors,
// options of grep and Python, what a service manager tells a service.
func Environment(more ...string) []string {
	env := []string{"LC_ALL=C.UTF-8", "TZ=UTC"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, more...)
}

// GoBuild is exec.Command for go build in a folder of the checkout, empty for the test's
// own. Its environment is that of the test, with the settings of Go that the test was built
// with, and without cgo unless env says so. git is not asked about the checkout, which may
// belong to somebody else.
func GoBuild(folder string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", append([]string{"build", "-buildvcs=false"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	return cmd
}

// longestSocket is in bytes; macOS allows 103, Linux 107.
const longestSocket = 100

// SocketPath is a path for a Unix socket: in the folder for temporary files, or in /tmp
// where that one's name is too long for a socket. What is there is removed when the test
// ends.
func SocketPath(t testing.TB) string {
	t.Helper()
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "trawl-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if path := filepath.Join(dir, "s"); len(path) <= longestSocket {
			return path
		}
	}
	That(t, false, "folder for temporary files with a name that is short enough for sockets")
	return ""
}

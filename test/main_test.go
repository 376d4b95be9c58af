// Builds the binary under test.

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	needs "trawl/test/need"
)

// binary is the trawl that all tests run.
var binary string

// scratch is removed at the end; what several tests share is kept there.
var scratch string

func TestMain(m *testing.M) {
	if os.Getenv(hammerVariable) != "" {
		os.Exit(hammerMain())
	}
	var err error
	if scratch, err = os.MkdirTemp("", "trawl-test-"); err == nil {
		binary, err = build(scratch)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(scratch)
		os.Exit(status)
	}))
}

// build builds cmd/trawl as users get it (no cgo, and what the Makefile's BUILD
// says), or with the race detector, which needs cgo.
func build(dir string) (string, error) {
	binary := filepath.Join(dir, "trawl")
	cmd := needs.GoBuild("", nil, "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w "+ownSettings(dir), "-o", binary, "../cmd/trawl")
	if os.Getenv("TRAWL_RACE") != "" {
		cmd = needs.GoBuild("", []string{"CGO_ENABLED=1"}, "-race", "-ldflags", ownSettings(dir), "-o", binary, "../cmd/trawl")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// ownSettings are flags of the linker: the program reads a file in dir, which is not there,
// in place of the machine's /etc/trawl/trawl.yaml.
func ownSettings(dir string) string {
	return "-X 'trawl/edge/config.DefaultPath=" + filepath.Join(dir, "etc/trawl.yaml") + "'"
}

// lessUnderRace is an eighth of n with the race detector: then what a test takes is
// mostly its own work. `make test-system` runs such tests without it, too.
func lessUnderRace(n int) int {
	if os.Getenv("TRAWL_RACE") != "" {
		return n / 8
	}
	return n
}

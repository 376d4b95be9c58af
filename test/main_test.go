// Builds the binary under test.

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
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
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", binary, "../cmd/trawl")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if os.Getenv("TRAWL_RACE") != "" {
		cmd.Args = []string{"go", "build", "-race", "-o", binary, "../cmd/trawl"}
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// lessUnderRace is an eighth of n with the race detector: then what a test takes is
// mostly its own work. `make test-system` runs such tests without it, too.
func lessUnderRace(n int) int {
	if os.Getenv("TRAWL_RACE") != "" {
		return n / 8
	}
	return n
}

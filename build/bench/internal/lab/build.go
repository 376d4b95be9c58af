package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Build runs the commands that make the programs, one after another. Those of go build do
// not ask git about the checkout, which may belong to somebody else.
func Build(ctx context.Context, commands ...[]string) error {
	Progress("building")
	defer Progress("")
	for _, argv := range commands {
		if argv[0] == "go" && argv[1] == "build" && argv[2] != "-C" {
			argv = slices.Insert(slices.Clone(argv), 2, "-buildvcs=false")
		}
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, text)
		}
	}
	return nil
}

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Build runs the commands that make the programs, one after another.
func Build(ctx context.Context, commands ...[]string) error {
	Progress("building")
	defer Progress("")
	for _, argv := range commands {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, text)
		}
	}
	return nil
}

package main

// The end of the demo: a changed rule goes to both workers.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// changedRule is what the workers have in place of their rules afterwards.
const changedRule = `rules:
  - id: greeting
    regex: '\bhello,? fleet\b'
    nocase: true
    examples: {match: ['Hello fleet'], miss: [hello]}
`

// changeRules releases a rule and pushes the release. On loopback a release need not be signed.
func (d *demo) changeRules(ctx context.Context, broker, folder string) error {
	rule, release := filepath.Join(folder, "changed.yaml"), filepath.Join(folder, "default-1.release")
	if err := os.WriteFile(rule, []byte(changedRule), 0o600); err != nil {
		return err
	}
	fmt.Printf("\nA changed rule goes to both workers:\n")
	for _, args := range [][]string{
		{"rules", "release", rule, "--name", "default", "--unsigned", "--note", "a greeting", "-o", release},
		{"rules", "push", release},
	} {
		args = append(args, "--broker", broker)
		fmt.Printf("$ trawl %s\n", strings.Join(args, " "))
		if err := show(d.command(ctx, args...)); err != nil {
			return err
		}
	}
	const patience = 30 * time.Second
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, err := d.command(ctx, "rules", "releases", "--broker", broker).Output()
		switch {
		case err != nil:
			return err
		case strings.Contains(string(out), " 2/2 "):
			fmt.Printf("$ trawl rules releases --broker %s\n%s", broker, out)
			fmt.Printf("$ trawl send \"Hello, fleet\"\n")
			return show(d.command(ctx, "send", "--broker", broker, "Hello, fleet"))
		case time.Now().After(end):
			return errors.New("the release has not reached both workers:\n" + string(out))
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trawl/edge/config"
)

// prose is a comment that is no example: they are indented by two or not at all.
var prose = regexp.MustCompile(`^# \S`)

// The configuration that comes with the package is good as it is, and says the same
// as the defaults do; and so it is with all its examples in force.
func TestTheConfigurationOfThePackage(t *testing.T) {
	b, err := debian.ReadFile("debian/trawl.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for line := range strings.Lines(string(b)) {
		if example := strings.TrimPrefix(line, "#"); !prose.MatchString(line) {
			line = example
		}
		examples.WriteString(line)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"as it comes": string(b), "examples": examples.String()} {
		path := filepath.Join(dir, "trawl.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path, nil)
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set := c.IsSet("worker.rules"); set != (name == "examples") {
			t.Errorf("%s: worker.rules given: %v", name, set)
		}
	}
}

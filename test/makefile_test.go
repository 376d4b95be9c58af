// The Makefile runs some of these tests apart, by their names.

package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A name that is of no test would take one out of what `make test-system` runs
// without the race detector, and nobody would see.
func TestMakefileNamesTestsThatThereAre(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	lists := regexp.MustCompile(`(?m)^(?:LARGE|SHORTENED|EMULATED) *:= *(\S+)$`).FindAllStringSubmatch(string(makefile), -1)
	if len(lists) != 3 {
		t.Fatalf("found %d lists of tests in the Makefile, want 3", len(lists))
	}
	for _, list := range lists {
		for name := range strings.SplitSeq(list[1], "|") {
			tests := regexp.MustCompile(`(?m)^func Test\w*`+name+`\w*\(`).FindAllString(source.String(), -1)
			if len(tests) != 1 {
				t.Errorf("the Makefile's %s is of %d tests: %q", name, len(tests), tests)
			}
		}
	}
}

package edge

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The broker reads envelopes and headers only, and a client sends texts and reads answers: neither
// links the matcher.
func TestBrokerAndClientDoNotLinkTheMatcher(t *testing.T) {
	for _, p := range []string{"trawl/broker", "trawl/edge/client"} {
		cmd := exec.Command("go", "list", "-buildvcs=false", "-deps", p)
		cmd.Dir = ".."
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", p, err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, "trawl/edge/wire") {
			t.Errorf("%s: edge/wire is not among the %d packages listed", p, len(deps))
		}
		for _, dep := range deps {
			if dep == "trawl/edge/match" || strings.HasPrefix(dep, "trawl/edge/match/") {
				t.Errorf("%s links %s; `go list -deps -f '{{.ImportPath}}: {{.Imports}}' %s` says by way of what", p, dep, p)
			}
		}
	}
}

package edge

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers is the import table, from the top down: a package imports only what
// stands in a layer below its own. What is not in it may not be in the tree.
var layers = [][]string{
	{"trawl/build/", "trawl/test/systemd", "trawl/docs"}, // tools, system tests, examples: for nobody to import
	{"trawl/test"}, // and trawl/test/pages, for trawl/test/systemd too
	{"trawl/cmd/trawl"},
	{"trawl/broker", "trawl/worker", "trawl/edge/watch", "trawl/edge/service", "trawl/edge/doctor"},
	{"trawl/edge/client", "trawl/edge/rules", "trawl/edge/config"},
	{"trawl/edge/wire", "trawl/edge/board", "trawl/edge/keys", "trawl/edge/notify"},
	{"trawl/edge/zmtp", "trawl/edge/match", "trawl/edge/follow", "trawl/edge/template", "trawl/systemd"},
	{"trawl/edge/problem", "trawl/edge/names", "trawl/edge/hosts", "trawl/edge/mask"},
	{"trawl/edge/escape", "trawl/edge/files", "trawl/edge/yamlerr", "trawl/edge/mdns"},
	{"trawl/edge/ondemand", "trawl/edge/human"},
	{"trawl/edge", "trawl/test/need"}, // the map alone, and what only tests import
}

// layerOf returns a package's layer, or -1. A package inside another (internal, say)
// belongs to the other's, unless it is in the table itself.
func layerOf(path string) int {
	layer, longest := -1, ""
	for i, packages := range layers {
		for _, p := range packages {
			within := path == p || p != "trawl/edge" && strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/")
			if within && len(p) > len(longest) {
				layer, longest = i, p
			}
		}
	}
	return layer
}

// inside reports whether two packages are parts of one.
func inside(a, b string) bool {
	return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, parent(a)+"/") || parent(a) == parent(b)
}

// parent cuts what lies inside a package of the table.
func parent(path string) string {
	before, _, _ := strings.Cut(path, "/internal/")
	return before
}

func TestImportTable(t *testing.T) {
	cmd := exec.Command("go", "list", "-buildvcs=false", "-json=ImportPath,Imports,TestImports,XTestImports", "trawl/...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		layer := layerOf(p.ImportPath)
		if layer < 0 {
			t.Errorf("%s has no place in the import table", p.ImportPath)
			continue
		}
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if !strings.HasPrefix(i, "trawl") || i == p.ImportPath || inside(i, p.ImportPath) {
				continue
			}
			if layerOf(i) <= layer {
				t.Errorf("%s imports %s, which does not stand below it", p.ImportPath, i)
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list found only %d packages", seen)
	}
}

// The released program is built without the ZeroMQ library that only its peers are written
// with.
func TestReleasedProgramDoesNotLinkZMQ4(t *testing.T) {
	cmd := exec.Command("go", "list", "-buildvcs=false", "-deps", "trawl/cmd/trawl")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if deps := string(out); !strings.Contains(deps, "trawl/broker\n") || strings.Contains(deps, "zmq4") {
		t.Errorf("the program links zmq4, or not the broker:\n%s", deps)
	}
}

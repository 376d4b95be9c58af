package required

import (
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

func TestRequirement(t *testing.T) {
	tree, err := syntax.Parse(`error: .*(?:disk (?:full|failing) .* sd[ab]|timed out)`, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	f, _, _ := Of(tree)
	r := f.Requirement()
	const want = `((("disk failing " OR "disk full ") AND (" sda" OR " sdb")) OR "timed out") AND "error: "`
	if r.String() != want {
		t.Errorf("%s, want %s", r, want)
	}
	if got := r.Short(1); got != want {
		t.Errorf("shortened where nothing is gained: %s", got)
	}
	if got := (&Requirement{Any: []*Requirement{{Literal: "a"}, {Literal: "b"}, {Literal: "c"}}}).Short(1); got != `"a" OR … (2 more)` {
		t.Error(got)
	}
	if got := r.Literals(); !slices.Equal(got, []string{" sda", " sdb", "disk failing ", "disk full ", "error: ", "timed out"}) {
		t.Errorf("%q", got)
	}
	for text, want := range map[string]bool{
		"error: timed out": true, "timed out": false, "error: disk full": false, "error: disk full on sdb": true,
	} {
		if got := r.Holds(func(l string) bool { return strings.Contains(text, l) }); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

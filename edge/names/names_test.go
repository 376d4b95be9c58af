package names

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, s := range []string{"default", "pii-2", "größe", "a.b_c", "規則", strings.Repeat("x", 255)} {
		if err := Check(s); err != nil {
			t.Error(err)
		}
	}
	for s, want := range map[string]string{
		"": "must not be empty", strings.Repeat("x", 256): "longer than 255 bytes", "a b": "is not a name", "a@b": "is not a name", "a=b": "is not a name",
		"a,b": "is not a name", "a/b": "is not a name", `a\b`: "is not a name", `a"b`: "is not a name", "a\x1b": "is not a name", "a\u202e": "is not a name",
		"a\u00a0b": "is not a name", "\xff": "is not a name", "a\n": "is not a name",
	} {
		if err := Check(s); err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
			t.Errorf("%q: %v, want %q", s, err, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"slots", "slots", 0}, {"slosts", "slots", 1}, {"slost", "slots", 2}, {"kitten", "sitting", 3}} {
		if got := Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%s, %s: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestCircle(t *testing.T) {
	for _, tt := range []struct {
		steps map[string][]Step
		want  string
	}{
		{nil, "[] 0"},
		{map[string][]Step{"a": {{"b", 0}}, "b": {{"c", 1}}, "c": {{"other", 2}}}, "[] 0"},
		{map[string][]Step{"a": {{"a", 3}}}, "[a a] 3"},
		{map[string][]Step{"a": {{"c", 0}, {"b", 1}}, "b": {{"c", 2}, {"a", 3}}}, "[a b a] 3"},
		{map[string][]Step{"b": {{"c", 0}}, "c": {{"d", 1}}, "d": {{"c", 2}}}, "[b c d c] 2"},
	} {
		path, entry := Circle([]string{"a", "b", "c"}, func(set string) []Step { return tt.steps[set] })
		if got := fmt.Sprint(path, " ", entry); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.steps, got, tt.want)
		}
	}
}

// Each rule set escalates to all after it: 2^400 ways, and no circle.
func TestCircleVisitsARuleSetOnce(t *testing.T) {
	const sets = 400
	visits := 0
	path, _ := Circle([]string{"0"}, func(set string) (steps []Step) {
		visits++
		var n int
		_, _ = fmt.Sscan(set, &n)
		for i := n + 1; i < sets; i++ {
			steps = append(steps, Step{To: fmt.Sprint(i)})
		}
		return steps
	})
	if path != nil || visits != sets {
		t.Errorf("%v, %d visits", path, visits)
	}
}

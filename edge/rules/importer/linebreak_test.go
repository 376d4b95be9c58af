package importer

import (
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
)

// What can never be found in a line is noted.
func TestLineBreaksAreNoted(t *testing.T) {
	for _, tt := range []struct {
		kind, src string
		want      int
	}{
		{"yara", `rule r { strings: $a = "one\ntwo" condition: $a }`, 1},
		{"yara", `rule r { strings: $a = { 0d 0a 0d 0a } condition: $a }`, 1},
		{"yara", `rule r { strings: $a = /a\n+b/ condition: $a }`, 1},
		{"yara", `rule r { strings: $a = /a\n?b/ condition: $a }`, 0},
		{"snort", `alert tcp any any -> any any (content:"a|0d 0a|b"; sid:1;)`, 1},
		{"crs", `SecRule ARGS "@rx a\nb" "id:1,deny"`, 1},
	} {
		r := importertest.One(t, kindNamed(tt.kind), tt.src)
		got := 0
		for _, c := range r.Summary.Noted {
			if c.What == job.NoteLineBreak {
				got = c.Count
			}
		}
		if got != tt.want {
			t.Errorf("%s: noted %d times: %s", tt.src, got, r.Summary.Text(true))
		}
	}
}

package rules

import (
	"path/filepath"
	"testing"

	"trawl/edge/match"
)

// Of words that are not UTF-8 the ASCII letters have two cases, in whole words too; all
// spellings have one id.
func TestNoCaseOfBytes(t *testing.T) {
	dir := folder(t, map[string]string{
		"w.txt":  "caf\xe9\nplain\n\xff\xfe\n",
		"r.yaml": "rules:\n  - {id: magic, hex: '89 50 4e 47'}\n  - {hex: 'ff 41'}\n",
	})
	pack, _, err := Compile([]string{filepath.Join(dir, "w.txt"), filepath.Join(dir, "r.yaml")}, Options{NoCase: true, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	for text, want := range map[string]string{
		"CAF\xe9": "hex:636166e9", "cAf\xe9 x": "hex:636166e9", "caf\xc9": "", "xcaf\xe9": "", "PLAIN": "plain", "\xff\xfe": "hex:fffe", "\x89pNG": "magic", "\xffa": "hex:ff41",
	} {
		got := ""
		for _, m := range pack.Scan(pack.NewScratch(), []byte(text), match.Query{}).Matches {
			got += string(pack.MatchID(m, []byte(text)))
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLineBreaks(t *testing.T) {
	for _, tt := range []struct {
		rule match.Rule
		want int
	}{
		{match.Rule{Literals: [][]byte{[]byte("a"), []byte("a\nb"), []byte("\n")}}, 2},
		{match.Rule{Literals: [][]byte{[]byte("a\r")}}, 0},
		{match.Rule{Regex: `a\nb`}, 1},
		{match.Rule{Regex: `a\x0ab`}, 1},
		{match.Rule{Regex: `(?m)a$\n^b`}, 1},
		{match.Rule{Regex: `a[\n]+b`}, 1},
		{match.Rule{Regex: `(a\n){2}|\nb`}, 1},
		{match.Rule{Regex: `\r\n\r\n`}, 1},
		{match.Rule{Regex: `a\n?b`}, 0},
		{match.Rule{Regex: `a\sb`}, 0},
		{match.Rule{Regex: `a\nb|c`}, 0},
		{match.Rule{Regex: `a[^x]*b`}, 0},
		{match.Rule{Regex: `a\r`}, 0},
	} {
		if got := lineBreaks(&tt.rule); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.rule, got, tt.want)
		}
	}
}

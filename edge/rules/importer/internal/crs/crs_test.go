package crs

import (
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
)

// Directives change rules by their ids in whichever order both stand; unsupported directives are
// named in the summary.
func TestCRSDirectives(t *testing.T) {
	const rules = `SecRule ARGS "@rx first" "id:100,phase:2,deny"
SecRule ARGS "@rx second" "id:101,phase:2,deny"
SecRule ARGS "@rx third" "id:200,phase:request,deny"
`
	for _, tt := range []struct {
		before, after string
		finds, not    string // texts, separated by blanks
		say           string
	}{
		{"", "", "first second third", "", "3 taken"},
		{"", `SecRuleRemoveById 101`, "first third", "second", "f:2: 101: skipped: " + whyRemoved},
		{`SecRuleRemoveById "100-150" 300`, "", "third", "first second", "1 taken, 0 in part, 2 skipped; 1 rule written"},
		{"", `SecRuleUpdateActionById 200 "t:lowercase"`, "first second third", "", "f:3: 200: in part: " + whyUpdated},
		{"", `SecRuleRemoveByTag attack`, "first", "", asideChanges},
		{"", `SecRuleUpdateTargetById 100 "!ARGS:x"`, "first", "", asideChanges},
		{"Include rules/*.conf\nIncludeOptional x/*.conf", "", "first", "", "2  " + asideInclude},
		{`SecDefaultAction "phase:2,log,t:lowercase"`, "", "FIRST Second THIRD", "", "3 taken"},
		{`SecDefaultAction "phase:1,log,t:lowercase"`, "", "first", "FIRST", "3 taken"},
		{`SecDefaultAction "phase:2,log,t:sha1"`, "", "", "first", "skipped: " + whyChanged},
	} {
		src := rules + tt.after + "\n"
		if tt.before != "" {
			src = tt.before + "\n" + rules + tt.after + "\n"
		}
		r := importertest.One(t, &Kind, src)
		find := func(string) bool { return false }
		if len(r.Rules) > 0 {
			find = importertest.Finder(t, r.Rules)
		}
		for _, text := range strings.Fields(tt.finds) {
			if !find(text) {
				t.Errorf("%s %s: %s is not found", tt.before, tt.after, text)
			}
		}
		for _, text := range strings.Fields(tt.not) {
			if find(text) {
				t.Errorf("%s %s: %s is found", tt.before, tt.after, text)
			}
		}
		if said := r.Summary.Text(true); !strings.Contains(said, tt.say) {
			t.Errorf("%s %s: want %q, got %s", tt.before, tt.after, tt.say, said)
		}
	}
}

// The rule taken of a chain misses no text and has the largest weight.
func TestCRSChains(t *testing.T) {
	for _, tt := range []struct{ first, second, finds string }{
		{`SecRule ARGS "@rx (?=a)" "id:1,phase:2,deny,chain"`, `SecRule ARGS "@rx long" "t:none"`, "long"},
		{`SecRule ARGS "@rx ab" "id:1,phase:2,deny,chain"`, `SecRule ARGS "@rx longer" "t:none"`, "longer"},
		{`SecRule ARGS "@rx much-longer" "id:1,phase:2,deny,t:urlDecode,chain"`, `SecRule ARGS "@rx ab" "t:none"`, "ab"},
		{`SecRule &ARGS "@eq 0" "id:1,phase:2,deny,chain"`, `SecRule ARGS "@contains ab" "t:none"`, "ab"},
	} {
		r := importertest.One(t, &Kind, tt.first+"\n  "+tt.second+"\n")
		if said := r.Summary.Text(true); len(r.Rules) != 1 || !importertest.Finder(t, r.Rules)(tt.finds) || !strings.Contains(said, whyChain) {
			t.Errorf("%s: %+v %s", tt.first, r.Rules, said)
		}
	}
}

// Where ModSecurity 2 and 3 differ, texts are found as either version finds them, with a note.
func TestCRSVersions(t *testing.T) {
	for _, tt := range []struct {
		operator string
		finds    []string
		note     string
	}{
		{`@contains c:\\x`, []string{`c:\x`, `c:\\x`}, noteDoubled},
		{`@rx a\\.b`, []string{`a.b`, `a\xb`}, noteDoubled},
		{`@rx ^ab$`, []string{"ab", "x\nab\ny"}, noteLines},
		{`@containsWord ab`, []string{"ab", "1ab_"}, noteWords},
		{`@pmFromFile p.data`, []string{"end"}, noteBlanks},
	} {
		files := importertest.MemFiles{"f": []byte(`SecRule ARGS "` + tt.operator + `" "id:1,phase:2,deny"`), "p.data": []byte("end \n")}
		r, err := importertest.Run(&Kind, files, "f")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tt.finds {
			if !importertest.Finder(t, r.Rules)(text) {
				t.Errorf("%s: %q is not found: %+v", tt.operator, text, r.Rules)
			}
		}
		if !strings.Contains(r.Summary.Text(true), tt.note) {
			t.Errorf("%s: %s", tt.operator, r.Summary.Text(true))
		}
	}
}

// An empty data file differs from a missing file in the reason.
func TestCRSEmptyDataFile(t *testing.T) {
	files := importertest.MemFiles{"r.conf": []byte(`SecRule ARGS "@pmFromFile l.data" "id:1,phase:2,deny"`), "l.data": []byte("# none\n\n")}
	r, err := importertest.Run(&Kind, files, "r.conf")
	if err != nil {
		t.Fatal(err)
	}
	if said := r.Summary.Text(true); !strings.Contains(said, "data file without phrases: l.data") {
		t.Error(said)
	}
}

package yara

import (
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/re2"
)

// wideText is a text in UTF-16, for ASCII only.
func wideText(s string) string { return string(wide([]byte(s))) }

// Strings in all forms are found where yara finds them. A rule that finds less is not called taken.
func TestYARAForms(t *testing.T) {
	for _, tt := range []struct {
		strings, text string
		found         bool
	}{
		{`$a = /depot[0-9]+/ wide`, wideText("x depot12"), true},
		{`$a = /depot[0-9]+/ wide`, "depot12", false},
		{`$a = /depot[0-9]+/ wide ascii`, "depot12", true},
		{`$a = /depot/ wide`, wideText("depot"), true},
		{`$a = /DE?po(t|x){2}/ wide nocase`, wideText("dpoTX"), true},
		{`$a = /^de.ot$/ wide`, wideText("depot"), true},
		{`$a = /^depot/ wide`, wideText("xdepot"), false},
		{`$a = /depot/ wide fullword`, wideText("a depot."), true},
		{`$a = /depot/ wide fullword`, wideText("adepot"), false},
		{`$a = "depot" wide fullword`, wideText("depots"), false},
		{`$a = "depot" wide fullword`, "x" + wideText("depot"), true},
		{`$a = "depot" wide ascii fullword`, "a depot", true},
		{`$a = /zx.{2}y/`, "zxäy", true},
		{`$a = /zx.y/`, "zxäy", false},
		{`$a = { 64 65 ?? 6f 74 }`, "dep" + "ot", true},
		{`$a = { 64 65 [2-3] 74 }`, "deäot", true},
		{`$a = { 64 ~65 70 }`, "dxp", true},
		{`$a = { 64 ~65 70 }`, "dep", false},
		{`$a = "bc\\d\"e\x41"`, `bc\d"eA`, true},
	} {
		r := importertest.One(t, &Kind, "rule r { strings: "+tt.strings+" condition: $a }")
		got := len(r.Rules) > 0 && importertest.Finder(t, r.Rules)(tt.text)
		if got != tt.found && !(got && r.Summary.InPart == 1) {
			t.Errorf("%s on %q: %v\n%+v\n%s", tt.strings, tt.text, got, r.Rules, r.Summary.Text(true))
		}
		if tt.found && r.Summary.Skipped == 1 {
			t.Error(r.Summary.Text(true))
		}
	}
}

// Each rule is skipped for a different reason.
func TestYARAReasons(t *testing.T) {
	for _, tt := range []struct{ rule, say string }{
		{`condition: pe.is_dll()`, "skipped: " + aboutModule},
		{`condition: filesize < 10KB`, "skipped: " + aboutFile},
		{`condition: uint16(0) == 0x5a4d`, "skipped: " + aboutFile},
		{`condition: true`, "skipped: " + aboutConstant},
		{`condition: other_rule`, "skipped: " + aboutRules},
		{`condition: any of (other*)`, "skipped: " + aboutRules},
		{`strings: $a = "abcd" condition: not $a`, "skipped: " + aboutAbsence},
		{`strings: $a = "abcd" condition: none of them`, "skipped: " + aboutAbsence},
		{`strings: $a = "abcd" condition: #a == 0`, "skipped: " + aboutCounts},
		{`strings: $a = "abcd" condition: for any i in (1..#a) : (@a[i] == 3)`, "skipped: " + aboutLoop},
		{`strings: $a = "abcd" condition: for any of them : ($ at 3)`, "in part: " + whyCondition},
		{`strings: $a = /a(?=b)/ condition: $a`, "skipped: a regex is left out, syntax error in the regex: $a YARA has no (?"},
		{`strings: $a = /\xffx.*y/ $b = "longer text" condition: $a and $b`, "in part: " + whyCondition},
		{`strings: $a = /\xffx.*yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy/ $b = "text" condition: $a and $b`, "in part: " + whyCondition},
		{`strings: $a = /\xffx.*y/ $b = "text" condition: $a or $b`, "in part: finds less: a regex is left out, " + re2.WhyBytes},
		{`strings: $a = "É" nocase condition: $a`, "in part: " + re2.WhyFold},
		{`strings: $a = "É" nocase fullword condition: $a`, "in part: " + re2.WhyFold},
		{`strings: $a = /É/i condition: $a`, "in part: " + re2.WhyFold},
		{`strings: $a = "abcd" condition: #a in (0..100) > 2`, "in part: " + whyCondition},
		{`strings: $a = "abcd" base64("short") condition: $a`, "skipped: base64 with an alphabet"},
	} {
		r := importertest.One(t, &Kind, "\nrule r { "+tt.rule+" }")
		said := r.Summary.Text(true)
		if !strings.Contains(said, "f:2: r: "+tt.say) {
			t.Errorf("%s: want %q, got %s", tt.rule, tt.say, said)
		}
		if strings.Contains(tt.rule, " and ") && strings.Contains(said, "finds less") {
			t.Errorf("%s: the part that loses was chosen: %s", tt.rule, said)
		}
	}
}

// Global rules of included files count, and unreadable includes are reported.
func TestYARAIncludes(t *testing.T) {
	main := []byte("include \"other.yar\"\nrule r { strings: $a = \"abcd\" condition: $a }")
	for _, tt := range []struct {
		other string
		say   string
	}{
		{"rule o { condition: true }", "1 taken"},
		{"private global rule o { condition: true }", whyGlobal},
		{"include \"more.yar\"", whyInclude + ": more.yar: file does not exist"},
		{"include \"f\"", "1 taken"},
		{"", whyInclude + ": other.yar: file does not exist"},
	} {
		files := importertest.MemFiles{"f": main}
		if tt.other != "" {
			files["other.yar"] = []byte(tt.other)
		}
		r, err := importertest.Run(&Kind, files, "f")
		if err != nil {
			t.Fatal(err)
		}
		if said := r.Summary.Text(true); !strings.Contains(said, tt.say) {
			t.Errorf("%s: want %q, got %s", tt.other, tt.say, said)
		}
	}
}

// Case is ignored in ASCII only: the Kelvin sign and the long s are bytes beyond ASCII, neither k
// nor s.
func TestYARAClassesOfBytesThatIgnoreCase(t *testing.T) {
	for _, tt := range []struct {
		regex     string
		yes, deny []string
	}{
		{`[\x80-\xff]`, []string{"\u212a", "é", "\xff"}, []string{"k", "s", "K", "S"}},
		{`[^\x00-\x7f]`, []string{"\u017f", "é"}, []string{"k", "s", "K", "S"}},
		{`^[\x80-\xff]{2}$`, []string{"é", "\u017f", "\xff\xfe"}, []string{"ks", "KS", "kk"}},
		{`[^k]`, []string{"\u212a", "s"}, []string{"k", "K"}},
		{`^a[^a-z]`, []string{"a\u212a", "a\u017f", "A1"}, []string{"ak", "AK", "as"}},
		{`a\Wb`, []string{"A b", "a-B"}, []string{"akb", "asb", "aSb"}},
		{`a\W+b`, []string{"a\u212ab", "a \u017f b"}, []string{"akb", "a s b"}},
	} {
		r := importertest.One(t, &Kind, "rule a { strings: $a = /"+tt.regex+"/ nocase condition: $a }\n")
		if r.Summary.Taken != 1 {
			t.Errorf("%s: %s", tt.regex, r.Summary.Text(true))
			continue
		}
		find := importertest.Finder(t, r.Rules)
		for _, text := range tt.yes {
			if !find(text) {
				t.Errorf("%s: not found in %q: %s", tt.regex, text, r.Rules[0].Regex)
			}
		}
		for _, text := range tt.deny {
			if find(text) {
				t.Errorf("%s: found in %q: %s", tt.regex, text, r.Rules[0].Regex)
			}
		}
	}
}

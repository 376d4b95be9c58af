package yara

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

func randomCondition(g *rand.Rand, depth int) string {
	terms := []string{
		"$a", "$b", "$c1", "$c2", "any of them", "all of them", "2 of them", "1 of ($c*)", "all of ($a, $b)", "any of ($a, $c*)", "none of ($a, $b)", "#a > 0", "#b > 1", "#a == 2", "#b >= 1", "#a < 2",
		"filesize < 10", "$a at 0", "$b in (0..5)", "true", "false", "uint8(0) == 0x61", "(filesize + 1) * 2 > 10", "for any of ($a, $b) : ($ at 1)",
		"for all of them : (# > 1)", "for any of ($a) : (not $)", "#a >= 0", "#a > #b", "#a != 0", "@a[1] > 2", "!b[1] == 2", "$d", "$e", "all of ($a, $d)", "any of ($d, $e)", "2 of ($a, $d, $e)",
		"for any i in (1..#a) : (@a[i] > 1)", "50% of them", "#b > filesize", "#a in (0..3) > 0", "#b in (1..9) >= 2", "#a in (0..3) == 0", "entrypoint == 1",
	}
	if depth == 0 || g.IntN(3) == 0 {
		return terms[g.IntN(len(terms))]
	}
	sub := func() string { return randomCondition(g, depth-1) }
	switch g.IntN(4) {
	case 0:
		return sub() + " and " + sub()
	case 1:
		return sub() + " or " + sub()
	case 2:
		return "not " + sub()
	}
	return "(" + sub() + ")"
}

// Strings find the same texts as with the program yara.
func TestYARASameFilesAsYARA(t *testing.T) {
	need.Path(t, "/usr/bin/yara", "yara")
	g := &regextest.Generator{Rand: rand.New(rand.NewPCG(7, 8)), Atoms: regextest.PerlAtoms, Quantifiers: regextest.PerlQuantifiers, Groups: []string{"("}}
	folder := t.TempDir()
	texts := map[string]string{}
	alphabet := append([]string{"\x00", "\xff", "é", "é", "€", "\xa9", "\n", "a\x00b\x00", "YW", "Yi", "Fi", "ZWxs", "ell", "gdmn", "b\x00", "a\x00", "a\x001\x00", "1\x00 \x00", "\x00\x00", "A\x00b\x00"}, regextest.TextAlphabet...)
	for i := range 120 {
		name := fmt.Sprintf("t%03d", i)
		texts[name] = g.Text(alphabet) + g.Text(alphabet)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(texts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	modifiers := []string{
		"", "", "nocase", "wide", "wide ascii", "fullword", "xor", "xor(1-3)", "base64", "base64wide", "wide nocase", "ascii fullword nocase", "wide fullword", "wide ascii fullword nocase",
		"wide base64", "base64(\"!@#$%^&*(){}[].,|ABCDEFGHIJ\x09LMNOPQRSTUVWXYZabcdefghijklmnopqrstu\")", "xor wide", "wide xor(0-1) fullword", "private",
	}
	ofRegexes := []string{"", "", "wide", "wide ascii", "nocase", "fullword", "wide fullword", "wide nocase", "ascii wide fullword"}
	hex := []string{"61", "62", "6?", "?1", "(61|62 63)", "00", "ff", "41", "??", "[1-2]", "[2]", "[0-3]", "[-]", "~61", "~6?", "(61|?? 62)", "c3 a9", "62 61", "61 62"}
	compared, exact := 0, 0
	for range regextest.Rounds(450) {
		var value string
		condition, more := "any of them", ""
		switch g.IntN(4) {
		case 3:
			value = `"a"`
			more = `$b = "ab" $c1 = "ba" nocase $c2 = /b[01]/ $d = /a\xff./ $e = { 61 ?? }`
			condition = randomCondition(g.Rand, 3)
		case 0:
			value = "/" + strings.ReplaceAll(g.Regex(2), "/", `\/`) + "/" + g.Pick([]string{"", "i", "s", "is"}) + " " + g.Pick(ofRegexes)
		case 1:
			value = fmt.Sprintf("%q %s", g.Pick([]string{"ab", "aba", "bA", "ba", "abc", "a1", "cell", "x-a"}), g.Pick(modifiers))
		case 2:
			value = "{ 6" + g.Pick([]string{"1", "2"})
			for range 1 + g.IntN(4) {
				value += " " + g.Pick(hex)
			}
			value += " 6" + g.Pick([]string{"1", "2"}) + " }"
		}
		src := "rule r { strings: $a = " + value + " " + more + " condition: " + condition + " }\n"
		want, ok := filesHit(t, folder, src)
		r, err := importertest.Run(&Kind, importertest.MemFiles{"r.yar": []byte(src)}, "r.yar")
		if err != nil && ok {
			t.Errorf("yara takes %s: %v", src, err)
		}
		if err != nil || len(r.Rules) == 0 {
			continue
		}
		if !ok {
			continue // a syntax error there may have a meaning here
		}
		compared++
		exact += r.Summary.Taken
		find := importertest.Finder(t, r.Rules)
		why := fmt.Sprint(r.Summary.Rules)
		for name, text := range texts {
			got := find(text)
			if got != want[name] && !(got && strings.Contains(why, "finds more")) && !(!got && strings.Contains(why, "finds less")) && !strings.Contains(why, "finds other") {
				t.Errorf("%son %q it says %v, yara %v: %+v %s", src, text, got, want[name], r.Rules[0], why)
				break
			}
		}
	}
	t.Logf("%d compared, %d of them taken, on %d texts", compared, exact, len(texts))
	if compared < regextest.Rounds(200) || exact < regextest.Rounds(120) {
		t.Errorf("only %d rules were compared, %d of them taken", compared, exact)
	}
}

// filesHit returns the files in folder that a rule hits; false if yara refuses the rule.
func filesHit(t *testing.T, folder, src string) (map[string]bool, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.yar")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := need.Command("/usr/bin/yara", "-w", path, folder).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("error")) {
		return nil, false
	}
	hits := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		_, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		hits[filepath.Base(file)] = true
	}
	return hits, true
}

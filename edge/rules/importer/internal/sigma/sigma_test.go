package sigma

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
)

// ruleOf returns a rule with one field.
func ruleOf(t *testing.T, key string, values ...any) string {
	t.Helper()
	doc, err := yaml.Marshal(map[string]any{"title": "x", "detection": map[string]any{"sel": map[string]any{key: values}, "condition": "sel"}})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// jsonEvents returns events with text as a field, in the formats of several programs.
func jsonEvents(t *testing.T, text string) []string {
	t.Helper()
	marshal := func(html bool) string {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(html)
		if err := enc.Encode(map[string]string{"Field": text}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	list := []string{marshal(true), marshal(false)}
	for _, w := range re2.JSONWriters {
		list = append(list, `{"Field":"`+w.Escape(text)+`"}`)
	}
	if !strings.ContainsAny(text, "\n\r") {
		list = append(list, "Field: "+text)
	}
	return list
}

// matchesField reports whether a field matches a value by Sigma's specification: character by
// character, ignoring case.
func matchesField(value, field string) bool {
	type token struct {
		r    rune
		wild bool
	}
	var pattern []token
	runes := []rune(value)
	for i := 0; i < len(runes); i++ {
		switch {
		case runes[i] == '\\' && i+1 < len(runes) && strings.ContainsRune(`*?\`, runes[i+1]):
			i++
			pattern = append(pattern, token{runes[i], false})
		default:
			pattern = append(pattern, token{runes[i], runes[i] == '*' || runes[i] == '?'})
		}
	}
	text := []rune(field)
	var match func(p, f int) bool
	match = func(p, f int) bool {
		switch {
		case p == len(pattern):
			return f == len(text)
		case pattern[p].wild && pattern[p].r == '*':
			return match(p+1, f) || f < len(text) && match(p, f+1)
		case f == len(text):
			return false
		case pattern[p].wild:
			return match(p+1, f+1)
		}
		return strings.EqualFold(string(pattern[p].r), string(text[f])) && match(p+1, f+1)
	}
	return match(0, 0)
}

// A value matched by a field is found in the event, as text and as JSON.
func TestSigmaValuesInEvents(t *testing.T) {
	g := rand.New(rand.NewPCG(15, 16))
	pieces := []string{"a", "B", "ü", "Ü", "ß", "é", "€", "\U0001f600", `\\`, `\d`, `"`, "'", "/", "<", "&", " ", "-", "*", "?", `\*`, `\?`, "=", "+"}
	ends := map[string][2]string{"": {"", ""}, "|contains": {"*", "*"}, "|startswith": {"", "*"}, "|endswith": {"*", ""}}
	hits := 0
	for range regextest.Rounds(300) {
		value := "k"
		for range 1 + g.IntN(6) {
			value += pieces[g.IntN(len(pieces))]
		}
		value += "z"
		for modifier, end := range ends {
			r := importertest.One(t, &Kind, ruleOf(t, "Field"+modifier, value))
			if len(r.Rules) == 0 {
				t.Fatalf("%s: %s", value, r.Summary.Text(true))
			}
			if strings.Contains(r.Summary.Text(true), "finds less") {
				t.Errorf("%s: %s", value, r.Summary.Text(true))
			}
			find := importertest.Finder(t, r.Rules)
			for range 4 {
				field := instanceOf(g, end[0]+value+end[1])
				if !matchesField(end[0]+value+end[1], field) {
					continue
				}
				for _, event := range jsonEvents(t, field) {
					hits++
					if !find(event) {
						t.Fatalf("%s %q: not in %s\n%+v", modifier, value, event, r.Rules)
					}
				}
			}
		}
	}
	if hits < regextest.Rounds(5_000) {
		t.Errorf("only %d events", hits)
	}
}

// instanceOf returns a text that value matches, with random text for wildcards and letters in
// random case.
func instanceOf(g *rand.Rand, value string) string {
	some := []string{"x", "é", `\`, `"`, "/", "Q", "\U0001f600", "1"}
	var b strings.Builder
	runes := []rune(value)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && i+1 < len(runes) && strings.ContainsRune(`*?\`, runes[i+1]):
			i++
			b.WriteRune(runes[i])
		case r == '*':
			for range g.IntN(3) {
				b.WriteString(some[g.IntN(len(some))])
			}
		case r == '?':
			b.WriteString(some[g.IntN(len(some))])
		case g.IntN(2) == 0:
			b.WriteString(strings.ToUpper(string(r)))
		default:
			b.WriteString(strings.ToLower(string(r)))
		}
	}
	return b.String()
}

// Modifiers that encode are applied in order, to the value without escapes.
func TestSigmaEncodings(t *testing.T) {
	encode := func(s string, big bool) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, value := range []string{"http://x", `C:\\Depot\\Tool`, "Grüße", `a\*b\?c`, "\U0001f600 smile", "abc"} {
		text := strings.NewReplacer(`\\`, `\`, `\*`, `*`, `\?`, `?`).Replace(value)
		for modifiers, form := range map[string]string{
			"base64offset|contains":         text,
			"wide|base64offset|contains":    encode(text, false),
			"utf16le|base64offset|contains": encode(text, false),
			"utf16be|base64offset|contains": encode(text, true),
			"utf16|base64offset|contains":   "\xff\xfe" + encode(text, false),
		} {
			r := importertest.One(t, &Kind, ruleOf(t, "Field|"+modifiers, value))
			for pad := range 6 {
				event := `{"Field":"run ` + b64("qwertz"[:pad]+form+" and more"[:pad]) + `"}`
				if len(r.Rules) == 0 || !importertest.Finder(t, r.Rules)(event) {
					t.Errorf("%s %s: not in %s\n%+v\n%s", modifiers, value, event, r.Rules, r.Summary.Text(true))
				}
			}
		}
		for modifiers, form := range map[string]string{"base64": b64(text), "utf16|base64|contains": b64("\xff\xfe" + encode(text, false)), "wide": encode(text, false), "utf16be": encode(text, true)} {
			r := importertest.One(t, &Kind, ruleOf(t, "Field|"+modifiers, value))
			if len(r.Rules) == 0 || !importertest.Finder(t, r.Rules)("x "+form+" y") {
				t.Errorf("%s %s: not found\n%+v\n%s", modifiers, value, r.Rules, r.Summary.Text(true))
			}
		}
	}
}

// windash takes - and / before a word for any of five dashes, also before further modifiers and
// beside wildcards. Dashes elsewhere stand for themselves.
func TestSigmaWindash(t *testing.T) {
	dashes := []string{"-", "/", "–", "—", "―"}
	for _, tt := range []struct {
		key, value string
		text       string // DASH stands for any dash
		not        string
	}{
		{"windash|contains", " -acceptlicence", "x DASHacceptlicence", "x +acceptlicence"},
		{"contains|windash", " /acceptlicence", "x DASHacceptlicence", "x acceptlicence"},
		{"windash|contains", " -a-b", "x DASHa-b", "x -a/b"},
		{"windash|contains", " -a -b", "x DASHa DASHb", "x -a +b"},
		{"windash|contains|all", " -a -b -c -d -e", "x DASHa DASHb DASHc DASHd DASHe", "x -a -b -c -d +e"},
		{"windash|contains", " -a*-bc", "x DASHa 1 DASHbc", "x -a 1 bc"},
	} {
		r := importertest.One(t, &Kind, ruleOf(t, "Field|"+tt.key, tt.value))
		find := importertest.Finder(t, r.Rules)
		for _, dash := range dashes {
			for _, event := range jsonEvents(t, strings.ReplaceAll(tt.text, "DASH", dash)) {
				if !find(event) {
					t.Errorf("%s %s: not in %s\n%+v", tt.key, tt.value, event, r.Rules)
				}
			}
		}
		if find(tt.not) {
			t.Errorf("%s %s: in %s\n%+v", tt.key, tt.value, tt.not, r.Rules)
		}
		if strings.Contains(r.Summary.Text(true), "finds less") {
			t.Error(r.Summary.Text(true))
		}
	}
	r := importertest.One(t, &Kind, ruleOf(t, "Field|windash|wide|base64offset|contains", " -enc"))
	for _, dash := range dashes {
		if event := base64.StdEncoding.EncodeToString([]byte(utf16Text("x "+dash+"enc y", false))); !importertest.Finder(t, r.Rules)(event) {
			t.Errorf("%s: not in %s", dash, event)
		}
	}
}

// Regexes are found in JSON as well, and rules with ^ and $ can match.
func TestSigmaRegexes(t *testing.T) {
	for _, tt := range []struct {
		key, regex, field string
		found             bool
	}{
		{"re", `^C:\\Depot\\.{3}\.exe$`, `C:\Depot\abc.exe`, true},
		{"re", `C:[\\/]Depot[\\/]abc`, `C:\Depot\abc.exe`, true},
		{"re", `\\\\server\\share`, `\\server\share`, true},
		{"re", `say "[^"]+" twice`, `say "now \ then" twice`, true},
		{"re", `say ".{3}" twice`, `say "a\b" twice`, true},
		{"re|i", `grü.e`, `GRÜßE`, true},
		{"re", `grüße`, `GRÜßE`, false},
		{"re", `http://[a-z/]{3}x`, `http://a/bx`, true},
		{"re", `a\W{2}b`, `a<>b`, true},
	} {
		r := importertest.One(t, &Kind, ruleOf(t, "Field|"+tt.key, tt.regex))
		if len(r.Rules) == 0 {
			t.Error(r.Summary.Text(true))
			continue
		}
		for _, event := range jsonEvents(t, tt.field) {
			if importertest.Finder(t, r.Rules)(event) != tt.found {
				t.Errorf("%s in %s: not %v\n%+v", tt.regex, event, tt.found, r.Rules)
			}
		}
	}
}

// A rule skipped or taken in part says why.
func TestSigmaReasons(t *testing.T) {
	for _, tt := range []struct{ detection, say string }{
		{"{sel: {A|cidr: 10.0.0.0/8}, condition: sel}", "skipped: address range (cidr)"},
		{"{sel: {A|exists: true}, condition: sel}", "skipped: asks whether a field is there"},
		{"{sel: {A|gte: 5}, condition: sel}", "skipped: compares numbers"},
		{"{sel: {A|fieldref: B}, condition: sel}", "skipped: compares two fields"},
		{"{sel: {A|expand: '%x%'}, condition: sel}", "skipped: placeholder"},
		{"{sel: {A|rot13: x}, condition: sel}", "skipped: unknown modifier: |rot13"},
		{"{sel: {A: null}, condition: sel}", "skipped: " + aboutEmpty},
		{"{sel: {A: '*'}, condition: sel}", "skipped: " + aboutAnything},
		{"{sel: {A: ['x', '*']}, condition: sel}", "finds less: the condition can also hold without the texts that are looked for: " + aboutAnything},
		{"{sel: {A|re: '(?=x)'}, condition: sel}", "skipped: look-around"},
		{"{sel: {A|re: 'x*'}, condition: sel}", "skipped: regex can match the empty string"},
		{"{sel: {A|base64|contains: 'a*b'}, condition: sel}", "skipped: base64 of a value with wildcards"},
		{"{sel: {A|contains|base64: 'ab'}, condition: sel}", "skipped: base64 of a value with wildcards"},
		{"{sel: {A: x}, condition: not sel}", "skipped: only says what must not be there"},
		{"{sel: {A: x}, condition: other}", "skipped: condition that names a selection which is not there: other"},
		{"{sel: {A: x}, condition: 1 of other_*}", "skipped: condition that names a selection which is not there: other_*"},
		{"{sel: {A: x}, condition: sel and}", "skipped: condition that cannot be read: it ends too early"},
		{"{sel: {A: x}, condition: sel sel}", "skipped: condition that cannot be read: sel"},
		{"{sel: {A: x}, condition: (sel}", "skipped: condition that cannot be read: a ) is missing"},
		{"{sel: {A: x}}", "skipped: no condition in the detection"},
		{"{a: {A|re: '(?=long)'}, b: {A: y1}, condition: a and b}", "in part: " + whySelection},
		{"{a: {A|re: '(?=long)'}, b: {A: y1}, condition: a or b}", "finds less: the condition can also hold without the texts that are looked for: look-around"},
		{"{a: {A: ['some long text', '*']}, b: {A: y1}, condition: a and b}", "in part: " + whySelection},
	} {
		r := importertest.One(t, &Kind, "title: x\n\ndetection: "+tt.detection+"\n")
		said := r.Summary.Text(true)
		if !strings.Contains(said, "f:1: ") || !strings.Contains(said, tt.say) {
			t.Errorf("%s: want %q, got %s", tt.detection, tt.say, said)
		}
		if strings.Contains(tt.detection, "a and b") && strings.Contains(said, "finds less") {
			t.Errorf("%s: the part that loses was chosen: %s", tt.detection, said)
		}
	}
	for _, tt := range []struct{ src, say string }{
		{"title: x\ncorrelation: {type: event_count}\n", "f:1: skipped: " + whyCorrelation},
		{"title: x\nfilter: {rules: [a], sel: {A: x}, condition: not sel}\n", "f:1: skipped: " + whyFilter},
		{"action: global\ndetection: {condition: sel}\n---\ndetection: {sel: {A: x}}\n", "f:4: skipped: " + whyCollection},
		{"action: global\n---\naction: reset\n---\ntitle: x\ndetection: {sel: [x], condition: sel}\n", "1 taken"},
	} {
		if said := importertest.One(t, &Kind, tt.src).Summary.Text(true); !strings.Contains(said, tt.say) {
			t.Errorf("%s: want %q, got %s", tt.src, tt.say, said)
		}
	}
}

// * matches anywhere in `1 of sel_*_img`; names with a leading _ are left out.
func TestSigmaNames(t *testing.T) {
	s := reader{order: []string{"sel_a_img", "sel_b_img", "sel_a_cli", "_hidden", "sel"}}
	for set, want := range map[string]string{
		"them": "[sel_a_img sel_b_img sel_a_cli sel]", "sel_*_img": "[sel_a_img sel_b_img]", "*_cli": "[sel_a_cli]", "sel": "[sel]", "sel*": "[sel_a_img sel_b_img sel_a_cli sel]",
		"*a*i*": "[sel_a_img sel_a_cli]", "_*": "[_hidden]", "x*": "[]", "sel_*_*_img": "[]",
	} {
		if got := fmt.Sprint(s.named(set)); got != want {
			t.Errorf("%s: %s, want %s", set, got, want)
		}
	}
}

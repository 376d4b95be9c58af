package spamassassin

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/edge/rules/importer/internal/shape"
	"trawl/test/need"
)

// ask returns SpamAssassin's answers to questions, with the rules at path.
func ask(t *testing.T, path string, questions []any) []json.RawMessage {
	t.Helper()
	perl := need.Unpacked(t, "usr/share/perl5", "spamassassin")
	need.Unpacked(t, "usr/share/perl5/URI.pm", "liburi-perl")
	libraries, _ := filepath.Glob(filepath.Join(perl, "../../lib/*/perl5/*"))
	need.That(t, len(libraries) > 0, "libnetaddr-ip-perl and libhtml-parser-perl unpacked in the folder TRAWL_PACKAGES")
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	cmd := need.Command("/usr/bin/perl", "testdata/oracle.pl", path, home)
	cmd.Env = append(cmd.Env, "PERL5LIB="+perl+":"+strings.Join(libraries, ":"), "HOME="+home, "LC_ALL=C")
	cmd.Stdin = &in
	var says bytes.Buffer
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, says.String())
	}
	var answers []json.RawMessage
	for line := range bytes.Lines(out) {
		answers = append(answers, json.RawMessage(bytes.TrimSpace(line)))
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions\n%s", len(answers), len(questions), says.String())
	}
	return answers
}

// Rules of SpamAssassin's package match the same texts as their own regexes in Perl. The texts are
// generated from the rules.
func TestPackagedSpamAssassinSameTexts(t *testing.T) {
	folder := need.Unpacked(t, importertest.SpamAssassinFolder, "spamassassin")
	r := importertest.All(t, &Kind, folder)
	status := map[string]string{}
	for _, s := range r.Summary.Rules {
		status[s.ID] = s.Status + " " + strings.Join(s.Why, " ")
	}
	type question struct {
		rule   *job.Rule
		header string
		re     *regexp.Regexp
		texts  []string
	}
	g := rand.New(rand.NewPCG(31, 32))
	var questions []question
	var asked []any
	name := regexp.MustCompile(`^\^\(\?i:([\w-]+)(?:\|[\w|-]+)?\):`)
	for i := range r.Rules {
		rule := &r.Rules[i]
		expr := rule.Regex
		if expr == "" {
			expr = shape.QuoteText(string(rule.Literals[0]))
		}
		if rule.NoCase {
			expr = "(?i)" + expr
		}
		q := question{rule: rule, re: regexp.MustCompile(expr)}
		kind := rule.Tags[0]
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		q.texts = regextest.Samples(g, tree)
		if kind == "header" || kind == "mimeheader" {
			m := name.FindStringSubmatch(rule.Regex)
			if m == nil || strings.HasSuffix(rule.Regex, "):") {
				continue // tests of all headers, or for the presence of a header
			}
			q.header, kind = m[1]+":", "raw"
			if strings.Contains(rule.Regex, `):[ \t]*`) {
				kind = "header"
			}
			for k, text := range q.texts { // the value only
				_, q.texts[k], _ = strings.Cut(text, ":")
			}
		}
		for k := range q.texts {
			q.texts[k] = strings.Map(func(r rune) rune {
				if r > 0x7e {
					return 'x'
				}
				return r
			}, q.texts[k])
		}
		questions = append(questions, q)
		asked = append(asked, []any{rule.ID, kind, q.texts})
	}
	lines, hits, more, less, unknown := 0, 0, 0, 0, 0
	for i, answer := range ask(t, folder, asked) {
		q := questions[i]
		var want []int
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatalf("%s: %s", q.rule.ID, answer)
		}
		if want == nil {
			unknown++
			continue
		}
		for k, text := range q.texts {
			lines++
			hits += want[k]
			line := q.header + text
			got := q.re.MatchString(line)
			switch {
			case got == (want[k] == 1):
			case got:
				if more++; !strings.Contains(status[q.rule.ID], "finds more") {
					t.Errorf("%s finds more: %q, %s", q.rule.ID, line, q.rule.Regex)
				}
			default:
				if less++; !strings.Contains(status[q.rule.ID], "finds less") {
					t.Errorf("%s finds less: %q, %s", q.rule.ID, line, q.rule.Regex)
				}
			}
		}
	}
	t.Logf("%d rules, %d texts, %d hits; more %d, less %d; %d not known to SpamAssassin", len(questions), lines, hits, more, less, unknown)
	if lines < 10_000 || hits < lines/10 || unknown > 60 {
		t.Error("that is too few")
	}
}

// Imported rules find the same messages as SpamAssassin, with the texts that the importer documents
// and with blanks and ends that make a difference.
func TestPackagedSpamAssassinSameMessages(t *testing.T) {
	config := strings.Join([]string{
		`body B_WORD /\bdepot (?:offer|deal)s?\b/i`, `body B_BEGIN /^great depot/i`, `body B_END /offers today$/i`, `body B_BLANK /today\s$/i`, `body B_TWO /depot  offers/i`,
		`body B_BREAK /depot\noffers/i`, `body B_LAST /today\Z/i`, `body B_VERY /today\z/i`, `body B_NOT /today[^!]$/i`,
		`header H_BEGIN Subject =~ /^cheap/`, `header H_IN Subject =~ /depot/`, `header H_BLANK Subject =~ /^\s/`, `header H_ANY Subject =~ / cheap/`, `header H_END Subject =~ /depot$/`, `header H_CLASS Subject =~ /[^a-z]depot/`,
		`header H_DOT X-Depot =~ /./`, `header H_HAS exists:X-Depot`, `header H_CC ToCc =~ /depot\@/`, `header H_CASE subject =~ /^cheap/`,
	}, "\n") + "\n"
	path := filepath.Join(t.TempDir(), "local.cf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	subjects := []string{"cheap depot", " \t cheap depot", "depot cheap", "a\tdepot", "depot", "cheap depot  ", ""}
	bodies := []string{"Great DEPOT OFFERS today", "Great depot\n offers  today \n", "great depot offers today!", "today", "say depot deal, then\n\ngreat depot", " great depot"}
	var messages []string
	for i, subject := range subjects {
		for k, body := range bodies {
			extra := []string{"", "X-Depot: x\n", "X-Depot: \n", "Cc: depot@example.org\n"}[(i+k)%4]
			messages = append(messages, "From: a@example.org\nTo: b@example.org\nSubject: "+subject+"\n"+extra+"Content-Type: text/plain\n\n"+body+"\n")
		}
	}
	r, err := importertest.Run(&Kind, job.OSFiles{}, path)
	if err != nil {
		t.Fatal(err)
	}
	skipped := map[string]string{}
	for _, s := range r.Summary.Rules {
		skipped[s.ID] = s.Why[0]
	}
	if len(skipped) != 1 || skipped["B_VERY"] == "" {
		t.Errorf("skipped are %v", skipped)
	}
	var asked []any
	var names []string
	for line := range strings.Lines(config) {
		name := strings.Fields(line)[1]
		names = append(names, name)
		asked = append(asked, []any{name, "message", messages})
	}
	compared := 0
	for i, answer := range ask(t, path, asked) {
		var want []int
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		list := importertest.RulesNamed(r, names[i])
		if len(list) == 0 {
			for k := range want {
				if want[k] == 1 {
					t.Errorf("%s was skipped, and hits %q", names[i], messages[k])
				}
			}
			continue
		}
		find := importertest.Finder(t, list)
		for k, message := range messages {
			compared++
			got := false
			for _, text := range textsOf(message, list[0].Tags[0]) {
				got = got || find(text)
			}
			if got != (want[k] == 1) {
				t.Errorf("%s says %v, SpamAssassin %v: %q", names[i], got, want[k] == 1, message)
			}
		}
	}
	t.Logf("%d messages compared", compared)
}

// textsOf returns the texts of a message as described in docs/importing.md: the lines of the
// headers, or the subject and the paragraphs of the body.
func textsOf(message, kind string) []string {
	head, body, _ := strings.Cut(message, "\n\n")
	lines := strings.Split(head, "\n")
	if kind == "header" {
		return lines
	}
	var texts []string
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, "Subject:"); ok {
			texts = append(texts, strings.TrimLeft(value, " \t"))
		}
	}
	for _, paragraph := range regexp.MustCompile(`\n+\s*\n+`).Split(body, -1) {
		texts = append(texts, regexp.MustCompile(`\s+`).ReplaceAllString(paragraph, " "))
	}
	return texts
}

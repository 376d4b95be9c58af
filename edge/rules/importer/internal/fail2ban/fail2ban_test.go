package fail2ban

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trawl/edge/match"
	"trawl/edge/rules/importer/internal/importertest"
	"trawl/test/need"
)

// pythonScript is a script with fail2ban's own modules, of the unpacked package.
func pythonScript(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	need.Path(t, "/usr/bin/python3", "python3")
	modules := need.Unpacked(t, "usr/lib/python3/dist-packages", "fail2ban")
	cmd := need.Command("/usr/bin/python3", append([]string{"-s", script}, args...)...)
	cmd.Env = append(cmd.Env, "PYTHONPATH="+modules, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// fail2ban itself goes over its own test logs; the imported rules must hit the
// same lines. Where a rule was taken in part it may hit more, if it says so.
func TestPackagedFail2banHitsWhatFail2banHits(t *testing.T) {
	logs := need.Unpacked(t, importertest.Fail2banLogs, "fail2ban")
	r := importertest.All(t, &Kind, need.Unpacked(t, importertest.Fail2banFilters, "fail2ban"))
	compiled := map[string]*regexp.Regexp{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		compiled[rule.ID] = regexp.MustCompile(rule.Regex)
	}
	why := map[string]string{}
	for _, s := range r.Summary.Rules {
		why[s.ID] = s.Status + " " + strings.Join(s.Why, " ")
	}
	out, err := pythonScript(t, "testdata/oracle.py", need.Unpacked(t, "etc/fail2ban", "fail2ban"), logs).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	lines, hits, same, more, less, named, others := 0, 0, 0, 0, 0, 0, 0
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var o struct {
			Filter, Log, Text string
			Line              int
			Hits              []int
			Groups            map[int]map[string]string
		}
		if err := json.Unmarshal(scanner.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		lines++
		for n := 1; ; n++ {
			id := fmt.Sprintf("%s/failregex/%d", o.Filter, n)
			re, ok := compiled[id]
			if !ok && why[id] == "" {
				break
			}
			if !ok {
				continue // skipped, and said
			}
			want, got := slices.Contains(o.Hits, n), re.MatchString(o.Text)
			if want {
				hits++
			}
			if want && got {
				compared, differ := checkGroups(t, id, re, o.Text, o.Groups[n])
				named, others = named+compared, others+differ
			}
			switch {
			case want == got:
				same++
			case got:
				more++
				if !strings.Contains(why[id], "finds more") {
					t.Errorf("%s:%d: %s finds more: %s", o.Log, o.Line, id, o.Text)
				}
			default:
				less++
				if !strings.Contains(why[id], "finds less") {
					t.Errorf("%s:%d: %s finds less: %s", o.Log, o.Line, id, o.Text)
				}
			}
		}
	}
	if lines < 900 || hits < 500 || more > 0 || less > 3 || named < 700 || others > 1 {
		t.Errorf("%d lines, %d hits; same %d, more %d, less %d; %d groups, %d differ", lines, hits, same, more, less, named, others)
	}
	t.Logf("%d lines, %d hits; same %d, more %d, less %d; %d groups, %d differ", lines, hits, same, more, less, named, others)
}

// checkGroups compares the groups of a line with those that fail2ban has, and returns how
// many there are and how many differ.
// fail2ban tells addresses of its kinds apart and gives some groups other names.
func checkGroups(t *testing.T, id string, re *regexp.Regexp, text string, theirs map[string]string) (compared, differ int) {
	ours := map[string]string{}
	b := match.NewBuilder(match.Options{})
	if err := b.Add(&match.Rule{ID: id, Regex: re.String()}); err != nil {
		t.Fatal(err)
	}
	pack, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var f match.GroupFinder
	f.Begin(pack, []byte(text), nil)
	matches := pack.Scan(pack.NewScratch(), []byte(text), match.Query{Want: match.WantFirst}).Matches
	groups, complete := f.Find(matches[0])
	if !complete {
		t.Errorf("%s: groups given up: %s", id, text)
	}
	for _, g := range groups {
		ours[g.Name] = text[g.Start:g.End]
	}
	names := map[string]string{"ip4": "ip", "ip6": "ip", "dns": "host", "fid": "id", "fport": "port"}
	for name, value := range theirs {
		if other, ok := names[name]; ok {
			name = other
		}
		if main, alt := strings.CutPrefix(name, "alt_"); alt {
			if theirs[main] != "" {
				continue
			}
			name = main
		} else if value == "" {
			continue // another one takes its place
		}
		if compared++; ours[name] != value {
			differ++
			t.Logf("%s: group %s is %q, fail2ban has %q: %s", id, name, ours[name], value, text)
		}
	}
	return compared, differ
}

// Filters and lines made to differ, and fail2ban itself: dates in all places and forms,
// carriage returns, blanks at ends, letters of other scripts.
func TestPackagedFail2banSameLines(t *testing.T) {
	dates := []string{
		"2024-05-01 10:00:00", "2024-05-01T10:00:00.123Z", "2024-05-01T10:00:00+02:00", "2024/05/01 10:00:00,123", "May  1 10:00:00", "may 1 10:00:00", "MAY 01 10:00:00", "Wed May  1 10:00:00 2024",
		"Wed May 01 2024 10:00:00.5", "01/May/2024:10:00:00 +0200", "01/05/2024 10:00:00", "01-05-24 10:00:00", "26-jul-2023 15:20:52", "05/20/2023:01:57:39", "230522 11:46:11", "May 1, 2024 1:02:03 PM",
		"20240501T100000", "20240501 100000", "1714550400", "1714550400.123", "@4000000050aa9fb51b8b0e1c", "PDT Apr 16 21:05:29", "no date", "10:00:00", "2024-05-01", "10:00", "20240501 10:00:00", "x May 1 10:00:00", "<09/16/23@05:03:30>", "Jul-27-23 02:33:06",
	}
	frames := []string{
		`%s depotd: refused 192.0.2.1`, `[%s] depotd: refused 192.0.2.1`, `<%s> depotd: refused 192.0.2.1`, ` %s depotd: refused 192.0.2.1`, `depotd: refused 192.0.2.1`, `- %s depotd: refused 192.0.2.1`,
		`{"ts":"%s","msg":"refused","ip":"192.0.2.1"}`, `{"msg":"refused","ip":"192.0.2.1","ts":"%s"}`, `time="%s" level=warn ip=192.0.2.1`, `time='%s' level=warn ip=192.0.2.1`, `time=%s level=warn ip=192.0.2.1`,
		`depot says: 192.0.2.1 at %s failed`, `depot says: 192.0.2.1 failed at %s`, `depot (%s) refused 192.0.2.1`, `depot [%s] refused 192.0.2.1`, `192.0.2.1 - - [%s] "GET /x" 401`, `<34>%s depotd: refused 192.0.2.1`, `%s,192.0.2.1,refused`, `192.0.2.1,%s,refused`, `192.0.2.1||%s||refused`,
		`%s depotd: user jürgen refused from 192.0.2.1`, `%s depotd: user иван refused from 192.0.2.1 `, `%s depotd: user ٣ refused from 192.0.2.1`, `%s depotd: user a b refused from 192.0.2.1`, `%s depotd: 192.0.2.1 'script unknown\n'`, `msg=audit(%s:77): refused 192.0.2.1`,
		`depot [%s:] refused 192.0.2.1`, `depot [%s ] refused 192.0.2.1`, `depot ( %s) refused 192.0.2.1`, `192.0.2.1@%s refused`,
	}
	filters := []struct {
		fail  []string
		dates string
	}{
		{fail: []string{
			`^\s*depotd: refused <ADDR>$`, `^\[\] depotd: refused <ADDR>\s*$`, `^<> depotd: refused <HOST>`, `refused <ADDR>\s$`, `refused <ADDR>[^x]$`, `refused <ADDR>\s+\Z`, `refused <ADDR>\Z`, `^depotd: refused <ADDR>`, `^<34>\s*depotd: refused <ADDR>`,
			`^\{"ts":"","msg":"refused","ip":"<ADDR>"\}$`, `"ip":"<ADDR>","ts":""\}$`, `^time="" level=\w+ ip=<ADDR>$`, `^time='' level=\w+ ip=<ADDR>$`, `^time= level=\w+ ip=<ADDR>$`, `"ts":"[^"]*","msg":"refused","ip":"<ADDR>"`,
			`^depot says: <ADDR> at\s* failed$`, `^depot says: <ADDR> at\s+failed$`, `^depot says: <ADDR> failed at $`, `^depot says: <ADDR> failed at\s*$`, `^depot says: <ADDR> at  failed`, `^depot \(\) refused <ADDR>$`, `^depot \[\] refused <ADDR>$`, `^<ADDR> - - \[\] "GET [^"]*" 401$`,
			`^<ADDR>,,refused`, `^<ADDR>\|\|\|\|refused`, `^\s*depotd: user \w+ refused from <ADDR>$`, `^\s*depotd: user \S+ refused from <ADDR>\s*$`, `user \d+ refused from <ADDR>`, `user [^\W\d_]+ refused from <ADDR>`, `user [\w.-]+ refused from <ADDR>$`, `user [\W\d]+ refused from <ADDR>`, `user \D+ refused from <ADDR>`, `user \w+\s\w+ refused from <ADDR>`, `user a[\s]b refused from <ADDR>`, `(?i)USER J\wRGEN refused from <ADDR>`,
			`<ADDR> 'script unknown(?:\\n)?'`, `<ADDR> 'script unknown\\n'$`, `^msg=audit\(:\d+\): refused <ADDR>`, `refused from <ADDR>\b`, `\brefused <ADDR>`,
			`^depot \[:\] refused <ADDR>`, `^depot \[ \] refused <ADDR>`, `^depot \( \) refused <ADDR>`, `^<ADDR>@ refused`,
			`refused <ADDR>[^\n]*$`, `refused <ADDR>[\r\n]*$`, `refused <ADDR>\n`, `refused <ADDR>\s*\n?$`, `(?a)user \w+ refused from <ADDR>`, `(?a)user \D+\s refused from <ADDR>`,
		}},
		{fail: []string{`^\s*depotd: refused <ADDR>$`, `^depot says: <ADDR> at\s* failed$`, `^time="" level=\w+ ip=<ADDR>$`, `^\[\] depotd: refused <ADDR>`}, dates: `%Y-%m-%d %H:%M:%S`},
		{fail: []string{`^\s*depotd: refused <ADDR>$`, `^depot says: <ADDR> at\s* failed$`, `^\[\] depotd: refused <ADDR>`}, dates: `^%Y-%m-%d %H:%M:%S`},
		{fail: []string{`^\s*depotd: refused <ADDR>$`, `^1714550400 depotd: refused <ADDR>`}, dates: `{NONE}`},
		{fail: []string{`^\s*depotd: refused <ADDR>$`, `^\[\] depotd: refused <ADDR>`}, dates: `{^LN-BEG}`},
		{fail: []string{`^\s*depotd: refused <ADDR>$`, `^\s*depotd: user \w+ refused from <ADDR>$`}, dates: `EPOCH`},
	}
	var lines []string
	for _, frame := range frames {
		for _, date := range dates {
			for _, end := range []string{"", "\r", " ", " \r\r"} {
				if !strings.Contains(frame, "%s") {
					date = ""
				}
				lines = append(lines, strings.Replace(frame, "%s", date, 1)+end)
			}
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, f := range filters {
		patterns := []string{}
		if f.dates != "" {
			patterns = append(patterns, f.dates)
		}
		if err := enc.Encode(map[string]any{"fail": f.fail, "dates": patterns, "lines": lines}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := pythonScript(t, "testdata/lines.py")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	compared, hits := 0, 0
	for i, answer := range bytes.Split(bytes.TrimSpace(out), []byte{'\n'}) {
		var want [][]int
		if err := json.Unmarshal(answer, &want); err != nil {
			t.Fatal(err)
		}
		src := "[Definition]\n"
		if filters[i].dates != "" {
			src += "datepattern = " + strings.ReplaceAll(filters[i].dates, "%", "%%") + "\n"
		}
		src += "failregex = " + strings.ReplaceAll(strings.Join(filters[i].fail, "\n            "), "%", "%%") + "\n"
		r, err := importertest.Run(&Kind, importertest.MemFiles{"f.conf": []byte(src)}, "f.conf")
		if err != nil {
			t.Fatal(err)
		}
		why := map[string]string{}
		for _, s := range r.Summary.Rules {
			why[s.ID] = s.Status + " " + strings.Join(s.Why, " ")
		}
		for n, regex := range filters[i].fail {
			id := fmt.Sprintf("f/failregex/%d", n+1)
			list := importertest.RulesNamed(r, id)
			if len(list) == 0 {
				if slices.Contains(want[n], 1) {
					t.Errorf("%s was skipped (%s), and hits", regex, why[id])
				}
				continue
			}
			find := importertest.Finder(t, list)
			wrong := 0
			for k, line := range lines {
				compared++
				hits += want[n][k]
				got := find(line)
				if got == (want[n][k] == 1) || got && strings.Contains(why[id], "finds more") || !got && strings.Contains(why[id], "finds less") || strings.Contains(why[id], "finds other") {
					continue
				}
				if wrong++; wrong <= 3 {
					t.Errorf("%s (dates %s): %v, fail2ban %v: %q", regex, filters[i].dates, got, want[n][k] == 1, line)
				}
			}
		}
	}
	t.Logf("%d lines compared, %d hits", compared, hits)
	if compared < 50_000 || hits < 3_000 {
		t.Error("that is too few")
	}
}

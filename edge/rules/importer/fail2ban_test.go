package importer

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

	"trawl/test/need"
)

const (
	filterFolder = "/etc/fail2ban/filter.d"
	f2bTestLogs  = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs"
)

// elsewhere are rules for logs whose date stands where it is not looked for.
var elsewhere = map[string]bool{
	"domino-smtp/failregex/2": true, // [28325:00010-3735542592] 22-06-2014 09:56:12   smtp: …
}

// fail2ban itself goes over its own test logs; the imported rules must hit the
// same lines. Where a rule was taken in part it may hit more, if it says so.
func TestFail2banHitsWhatFail2banHits(t *testing.T) {
	need.Path(t, f2bTestLogs, "fail2ban")
	r := importAll(t, "fail2ban", filterFolder)
	compiled := map[string]*regexp.Regexp{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		compiled[rule.ID] = regexp.MustCompile(rule.Regex)
	}
	why := map[string]string{}
	for _, s := range r.Summary.Rules {
		why[s.ID] = s.Status + " " + strings.Join(s.Why, " ")
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/fail2ban_oracle.py", "/etc/fail2ban", f2bTestLogs)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	lines, hits, same, more, less := 0, 0, 0, 0, 0
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var o struct {
			Filter, Log, Text string
			Line              int
			Hits              []int
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
				if !strings.Contains(why[id], "finds less") && !elsewhere[id] {
					t.Errorf("%s:%d: %s finds less: %s", o.Log, o.Line, id, o.Text)
				}
			}
		}
	}
	if lines < 900 || hits < 500 || more > 0 || less > 10 {
		t.Errorf("%d lines, %d hits; same %d, more %d, less %d", lines, hits, same, more, less)
	}
	t.Logf("%d lines, %d hits; same %d, more %d, less %d", lines, hits, same, more, less)
}

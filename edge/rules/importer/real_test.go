package importer

import (
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/test/need"
)

// counts are found, taken, in part, skipped, written.
type counts5 [5]int

func (c counts5) check(t *testing.T, r *job.Result) {
	t.Helper()
	s := &r.Summary
	if got := (counts5{s.Found, s.Taken, s.InPart, s.Skipped, s.Written}); got != c {
		t.Errorf("found, taken, in part, skipped, written: %v, want %v\n%s", got, c, s.Text(false))
	}
}

const (
	saganFolder = "etc/sagan-rules"
	etRules     = "usr/share/gocode/src/github.com/jasonish/go-idsrules/testdata/emerging-telnet.rules"
)

// The rule files of Debian's packages. The counts are those of the release that
// CI runs on; another release has other files, and they are then only checked to add up.
func TestPackagedRules(t *testing.T) {
	for _, tt := range []struct {
		kind, pkg, path, release string
		want                     counts5
	}{
		{"logcheck", "logcheck-database", importertest.LogcheckFolder, "1.4.2+deb12u1", counts5{1907, 1904, 0, 3, 1904}},
		{"fail2ban", "fail2ban", importertest.Fail2banFilters, "1.0.2-2", counts5{197, 93, 72, 32, 165}},
		{"spamassassin", "spamassassin", importertest.SpamAssassinFolder, "4.0.1-1~deb12u1", counts5{2944, 1020, 106, 1818, 1126}},
		{"crs", "modsecurity-crs", importertest.CRSFolder, "3.3.4-1+deb12u3", counts5{624, 48, 143, 433, 208}},
		{"snort", "sagan-rules", saganFolder, "1:20170725-1.1", counts5{2288, 498, 1561, 229, 2059}},
		{"snort", "golang-github-jasonish-go-idsrules-dev", etRules, "0.0~git20180130.c986a5f-1", counts5{10, 6, 4, 0, 10}},
	} {
		t.Run(tt.pkg, func(t *testing.T) {
			path, version := need.Unpacked(t, tt.path, tt.pkg), need.Version(t, tt.pkg)
			if testing.Short() && tt.want[0] > 1000 {
				t.Skip("thousands of rules")
			}
			r := importertest.All(t, kindNamed(tt.kind), path)
			if version != tt.release {
				t.Logf("release %s, not %s: the counts are not compared\n%s", version, tt.release, r.Summary.Text(false))
				if r.Summary.Taken == 0 {
					t.Error("nothing was taken")
				}
				return
			}
			tt.want.check(t, r)
		})
	}
}

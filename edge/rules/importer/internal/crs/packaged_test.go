package crs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// Regexes of the Core Rule Set match the same lines as with grep -P. The lines are generated from
// the regexes.
func TestPackagedCRSSameLinesAsGrep(t *testing.T) {
	c := regextest.NewGrepComparison("-P", false)
	each := job.New(&Kind, job.OSFiles{})
	files, _ := filepath.Glob(need.Unpacked(t, importertest.CRSFolder, "modsecurity-crs") + "/*.conf")
	for _, path := range files {
		in, _ := each.Load(job.Source{Path: path})
		each.LogicalLines(in, "", func(number int, line string) {
			r, ok := readSecRule(strings.TrimPrefix(strings.TrimSpace(line), "SecRule "), number)
			if !ok || r.operator != "rx" || strings.HasPrefix(strings.TrimSpace(line), "#") {
				return
			}
			tr, err := re2.Perl(r.argument, re2.PCRE, re2.Flags{})
			if err == nil && !strings.Contains(r.argument, "%{") {
				c.Compare(t, r.argument, tr.Expr, fmt.Sprint(tr.InPart))
			}
		})
	}
	c.Enough(t, 280)
}

package lists

import (
	"fmt"
	"testing"

	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// The real regexes of logcheck, over lines made from them: grep must hit the same ones.
func TestPackagedLogcheckSameLinesAsGrep(t *testing.T) {
	c := regextest.NewGrepComparison("-E", true)
	step := max(1, 2000/regextest.Rounds(2000))
	n := 0
	each := job.New(&Logcheck, job.OSFiles{})
	for _, path := range each.Expand([]string{need.Unpacked(t, importertest.LogcheckFolder, "logcheck-database")}) {
		in, _ := each.Load(path)
		each.Lines(in, func(_ int, line []byte) bool {
			tr, err := re2.ERE(string(line))
			if err == nil {
				tr, err = logcheckLine.Apply(tr)
			}
			if n++; err == nil && len(line) > 0 && line[0] != '#' && n%step == 0 {
				c.Compare(t, string(line), tr.Expr, fmt.Sprint(tr.InPart))
			}
			return true
		})
	}
	c.Enough(t, regextest.Rounds(1850))
}

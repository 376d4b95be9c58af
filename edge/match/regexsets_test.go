package match

import (
	"bytes"
	"testing"
)

// The rule sets of Debian packages find what package regexp finds.
func TestRuleSetsAgreeWithRegexp(t *testing.T) {
	for name, load := range map[string]func(testing.TB) []*Rule{
		"logcheck": logcheckRules, "spamassassin": spamRules, "fail2ban": failRules,
	} {
		t.Run(name, func(t *testing.T) {
			rules := load(t)
			p := compile(t, EngineAuto, rules)
			size := 12 << 10
			if testing.Short() {
				size = 4 << 10
			}
			block := linesFor(rules, size, 2, 3)
			t.Logf("%d rules, %d run on every line, %d lines", len(rules), p.Info().Unhinted, bytes.Count(block, newline))
			lines := oracleLinesOf(oracleRegexes(rules), block)
			for _, cache := range []int{defaultCacheSize, 1 << 20, 64 << 10} {
				s := p.NewScratch()
				s.regexes.runner.init(cache)
				for _, want := range []Want{WantMatches, WantRules, WantCount} {
					checkLines(t, p, s, lines, block, want)
				}
			}
		})
	}
}

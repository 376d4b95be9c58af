package match

import (
	"bytes"
	"testing"

	"trawl/edge/match/internal/lazydfa"
)

// The rule sets of Debian packages find what package regexp finds.
func TestPackagedRulesAgreeWithRegexp(t *testing.T) {
	t.Parallel()
	for name, load := range packageRuleSets {
		t.Run(name, func(t *testing.T) {
			set := load(t)
			p := set.pack
			size := 12 << 10
			if slow {
				size = 4 << 10
			}
			block := linesFor(set.rules, size, 2, 3)
			t.Logf("%d rules, %d run on every line, %d lines", len(set.rules), p.Info().Unhinted, bytes.Count(block, newline))
			lines := set.linesWithMatches(block)
			for _, cache := range []int{lazydfa.DefaultCacheSize, 1 << 20, 64 << 10} {
				s := p.NewScratch()
				s.regexes.runner.Init(cache)
				for _, want := range []Want{WantMatches, WantRules, WantCount} {
					checkLines(t, p, s, lines, block, want)
				}
			}
		})
	}
}

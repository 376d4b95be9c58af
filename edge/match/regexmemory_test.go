package match

import (
	"bytes"
	"regexp/syntax"
	"runtime"
	"slices"
	"testing"
)

// What regexes are predicted to take is what they do take, more or less, after
// they have all run.
func TestMemoryOfPackagedRegexes(t *testing.T) {
	if underRace {
		t.Skip("the same without the race detector")
	}
	for name, load := range packageRuleSets {
		t.Run(name, func(t *testing.T) {
			set := load(t)
			predicted, data := set.memory, slices.Clone(set.pack.data)
			each := 8
			if slow {
				each = 4
			}
			block := linesForEach(set.rules, each)

			before := heapInUse()
			p, err := Load(data)
			if err != nil {
				t.Fatal(err)
			}
			opened := heapInUse() - before
			s := p.NewScratch()
			p.ScanLines(s, block, Query{}, func(*Line) bool { return true })
			scanned := heapInUse() - before
			runtime.KeepAlive(data)
			runtime.KeepAlive(block)
			t.Logf("%d regexes: heap %d bytes after opening, %d after scanning, of which programs %d and states %d; predicted %d",
				len(set.rules), opened, scanned, p.programs.size, s.regexes.runner.CacheBytes(), predicted)
			if predicted < scanned*6/10 || predicted > 2*scanned {
				t.Errorf("predicted %d bytes, took %d", predicted, scanned)
			}
			runtime.KeepAlive(p)
			runtime.KeepAlive(s)
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// linesForEach are n lines made for each rule.
func linesForEach(rules []*Rule, n int) []byte {
	g := textGenerator{seeded(5), 8}
	var block []byte
	for _, r := range rules {
		tree, _ := syntax.Parse(r.Regex, syntax.Perl)
		for range n {
			line := g.appendMatch(nil, tree)
			block = append(append(block, bytes.ReplaceAll(line[:min(len(line), 400)], newline, []byte{' '})...), '\n')
		}
	}
	return block
}

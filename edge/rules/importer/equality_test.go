package importer

import (
	"bytes"
	"cmp"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/rules/importer/internal/fail2ban"
	"trawl/edge/rules/importer/internal/importertest"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/lists"
	"trawl/edge/rules/importer/internal/regextest"
	"trawl/test/need"
)

// One pack of every rule of logcheck and fail2ban finds in each line, with every
// rule and at every place, what package regexp finds: in the logs that fail2ban
// tests its filters with, and in generatedLines() lines made out of the rules.
//
// The pack always has all the rules. Package regexp would take minutes over all of
// them: of a generated line it looks at those that the pack found, so that none is
// too much, at the one that the line was made of, and at some others, which take turns;
// of a line of fail2ban's logs at all of fail2ban's, and at one in logcheckShare of logcheck's.
// With the race detector and in short it looks at fewer besides those that the pack found:
// neither is there for what is compared here.
func TestPackOfPackagedRulesFindsWhatRegexpFinds(t *testing.T) {
	all := regexesOf(importertest.All(t, &lists.Logcheck, need.Unpacked(t, importertest.LogcheckFolder, "logcheck-database")))
	first := len(all) // of fail2ban's
	all = append(all, regexesOf(importertest.All(t, &fail2ban.Kind, need.Unpacked(t, importertest.Fail2banFilters, "fail2ban")))...)
	e := &equality{pack: importertest.Compile(t, all), programs: make([]*regexp.Regexp, len(all))}
	for i := range all {
		expr := all[i].Regex
		if all[i].NoCase {
			expr = "(?i)" + expr
		}
		e.programs[i] = regexp.MustCompile(expr) // none is left out
	}
	t.Logf("%d rules of logcheck, %d of fail2ban", first, len(all)-first)
	if first < 1000 || len(all)-first < 100 {
		t.Error("that is too few")
	}

	logs := fail2banLogs(t)
	e.compare(t, logs, func(line int) []int {
		share, own := logcheckShare, 1
		if underRace || testing.Short() {
			share, own = 8*logcheckShare, 8
		}
		asked := everyNth(nil, line%share, first, share)
		return everyNth(asked, first+line%own, len(all), own)
	})
	if e.lines.Load() < 2500 || e.hits.Load() < 500 {
		t.Errorf("fail2ban's logs: %d lines, %d hits", e.lines.Load(), e.hits.Load())
	}
	lines := linesFor(all, generatedLines())
	e.compare(t, lines, func(line int) []int {
		step := len(all) / othersPerLine
		if underRace || testing.Short() {
			step = len(all)
		}
		return append(everyNth(nil, line%step, len(all), step), line%len(all))
	})
	if n := bytes.Count(lines, []byte{'\n'}); n < generatedLines() || e.hits.Load() < int64(n)/3 {
		t.Errorf("%d lines, %d hits", n, e.hits.Load())
	}
}

const (
	othersPerLine = 5
	logcheckShare = 32
)

// generatedLines is how many lines are made: fifty out of each rule, ten where
// little time is given.
func generatedLines() int {
	if testing.Short() {
		return 20_000
	}
	return 100_000
}

func everyNth(list []int, from, to, step int) []int {
	for i := from; i < to; i += step {
		list = append(list, i)
	}
	return list
}

// regexesOf leaves out the one literal that logcheck has.
func regexesOf(r *job.Result) []job.Rule {
	return slices.DeleteFunc(r.Rules, func(r job.Rule) bool { return r.Regex == "" })
}

// equality holds what is compared, and counts.
type equality struct {
	pack                  *match.Pack
	programs              []*regexp.Regexp
	lines, compared, hits atomic.Int64
}

// found is a match of a line, by number.
type found struct {
	line, rule, start, end int
}

func compareFound(a, b found) int {
	return cmp.Or(a.line-b.line, a.rule-b.rule, a.start-b.start, a.end-b.end)
}

// compare scans block at once and compares line by line. asked says at which rules
// package regexp looks besides those that the pack has found.
func (e *equality) compare(t *testing.T, block []byte, asked func(line int) []int) {
	t.Helper()
	e.lines.Store(0)
	e.compared.Store(0)
	e.hits.Store(0)
	var got []found
	total := e.pack.ScanLines(e.pack.NewScratch(), block, match.Query{}, func(l *match.Line) bool {
		for _, m := range l.Matches {
			got = append(got, found{int(l.Number) - 1, int(m.Rule), int(m.Start), int(m.End)})
		}
		return true
	})
	if len(total.Incomplete) > 0 {
		t.Errorf("%d rules were given up", len(total.Incomplete))
	}
	slices.SortFunc(got, compareFound)
	lines := bytes.Split(bytes.TrimSuffix(block, []byte{'\n'}), []byte{'\n'})
	var next atomic.Int64
	var comparing sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		comparing.Go(func() {
			for i := int(next.Add(1) - 1); i < len(lines) && !t.Failed(); i = int(next.Add(1) - 1) {
				from, _ := slices.BinarySearchFunc(got, found{line: i}, compareFound)
				to, _ := slices.BinarySearchFunc(got, found{line: i + 1}, compareFound)
				e.compareLine(t, i, lines[i], got[from:to], asked)
			}
		})
	}
	comparing.Wait()
	t.Logf("%d lines, %d searches by package regexp, %d hits", e.lines.Load(), e.compared.Load(), e.hits.Load())
}

func (e *equality) compareLine(t *testing.T, number int, line []byte, got []found, asked func(line int) []int) {
	e.lines.Add(1)
	rules := asked(number)
	for _, f := range got {
		rules = append(rules, f.rule)
	}
	slices.Sort(rules)
	for _, rule := range slices.Compact(rules) {
		program := e.programs[rule]
		n := 0
		for n < len(got) && got[n].rule == rule {
			n++
		}
		mine := got[:n]
		got = got[n:]
		e.compared.Add(1)
		var want []found
		for _, at := range program.FindAllIndex(line, -1) {
			want = append(want, found{number, rule, at[0], at[1]})
		}
		e.hits.Add(int64(len(want)))
		if !slices.Equal(mine, want) {
			t.Errorf("line %d, %q: %s: the pack finds %v, regexp %v", number+1, line, e.pack.ID(rule), mine, want)
		}
	}
}

// fail2banLogs are all the logs that fail2ban tests its filters with.
func fail2banLogs(t *testing.T) []byte {
	t.Helper()
	var logs []byte
	err := filepath.WalkDir(need.Unpacked(t, importertest.Fail2banLogs, "fail2ban"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		logs = append(append(logs, text...), '\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

// linesFor makes n lines, line i out of rule i modulo their number: half of them
// as it wants them, others with a byte changed, within another text, or with bytes
// that are not ASCII.
func linesFor(list []job.Rule, n int) []byte {
	g := rand.New(rand.NewPCG(11, 12))
	trees := make([]*syntax.Regexp, len(list))
	for i := range list {
		trees[i], _ = syntax.Parse(list[i].Regex, syntax.Perl) // it was compiled
	}
	var block bytes.Buffer
	for i := range n {
		line := []byte(strings.Map(func(r rune) rune {
			if r < ' ' || r == utf8.RuneError {
				return 'x'
			}
			return r
		}, regextest.Sample(g, trees[i%len(trees)])))
		switch kind := g.IntN(8); {
		case kind == 0 && len(line) > 0:
			line[g.IntN(len(line))] = byte(' ' + g.IntN(95))
		case kind == 1:
			line = append([]byte("Mar  1 12:00:00 mail1 "), line...)
		case kind == 2:
			line = append(line, " größer \xff"...)
		case kind == 3 && len(line) > 0:
			at := g.IntN(len(line))
			line = slices.Insert(line, at, []byte("é")...)
		}
		block.Write(line)
		block.WriteByte('\n')
	}
	return block.Bytes()
}

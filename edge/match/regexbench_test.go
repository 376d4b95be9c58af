package match

// Benchmarks of the rule sets of Debian packages.

import (
	"bytes"
	"slices"
	"syscall"
	"testing"
	"time"
)

// cpuTime is what the process has used: the machine may be busy with others.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkRuleSets(b *testing.B) {
	const size = 1 << 20
	logcheck, spam := logcheck(b).rules, spamassassin(b).rules
	text := prose(b, size)
	for _, set := range []struct {
		name  string
		rules []*Rule
		block []byte
	}{
		{"logcheck/own", logcheck, linesFor(logcheck, size, 2, 0)},
		{"logcheck/wide", logcheck, linesFor(logcheck, size, 2, 3)},
		{"logcheck/log", logcheck, syslogLines(size)},
		{"logcheck/prose", logcheck, text},
		{"spam/own", spam, linesFor(spam, size, 2, 0)},
		{"spam/prose", spam, text},
		{"spam/log", spam, syslogLines(size)},
	} {
		p, s := compile(b, EngineAuto, set.rules), &Scratch{}
		lines := float64(bytes.Count(set.block, newline))
		for _, want := range []Want{WantRules, WantMatches} {
			scan := func() int64 {
				return p.ScanLines(s, set.block, Query{Want: want}, func(*Line) bool { return true }).Count
			}
			b.Run(set.name+"/"+want.String(), func(b *testing.B) {
				b.SetBytes(int64(len(set.block)))
				b.ReportAllocs()
				n := int64(0)
				scan()
				begun, before := cpuTime(), runs(p)
				for b.Loop() {
					n = scan()
				}
				b.ReportMetric(lines*float64(b.N)/(cpuTime()-begun).Seconds(), "lines/cpu-s")
				b.ReportMetric(float64(n)/lines, "matches/line")
				b.ReportMetric(float64(runs(p)-before)/lines/float64(b.N), "runs/line")
			})
		}
	}
}

// runs counts how often regexes ran on a line.
func runs(p *Pack) (n int64) {
	for _, c := range p.Costs() {
		n += c.Runs
	}
	return n
}

func BenchmarkLoadRegexes(b *testing.B) {
	p := compile(b, EngineAuto, slices.Concat(logcheck(b).rules, spamassassin(b).rules))
	b.ReportMetric(float64(p.Info().Regexes), "regexes")
	for b.Loop() {
		if _, err := Load(p.data); err != nil {
			b.Fatal(err)
		}
	}
}

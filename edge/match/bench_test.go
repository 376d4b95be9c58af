package match

// Benchmarks: English words, of Debian's packages wamerican and wamerican-insane, over
// the sources of the Go distribution.

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trawl/test/need"
)

// words returns n different words of at least 5 bytes, spread over the list.
func words(tb testing.TB, n int) [][]byte {
	tb.Helper()
	return pick(wordList(tb, "american-english", "wamerican"), n)
}

// wordList returns a list of an unpacked package, a word a line.
func wordList(tb testing.TB, name, pkg string) []byte {
	tb.Helper()
	list, err := os.ReadFile(need.Unpacked(tb, "usr/share/dict/"+name, pkg))
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// pick returns n words of at least 5 bytes, spread over the list.
func pick(list []byte, n int) [][]byte {
	var all [][]byte
	for _, w := range bytes.Fields(list) {
		if len(w) >= 5 {
			all = append(all, w)
		}
	}
	if len(all) < n {
		n = len(all)
	}
	picked := make([][]byte, n)
	for i := range picked {
		picked[i] = all[i*len(all)/n]
	}
	return picked
}

// prose returns size bytes of text: sources of the Go distribution that the test was
// built with.
func prose(tb testing.TB, size int) []byte {
	tb.Helper()
	var text []byte
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	need.That(tb, err == nil, "go command")
	source := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	_ = filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if len(text) >= size {
			return fs.SkipAll
		}
		body, _ := os.ReadFile(path)
		text = append(text, body...)
		return nil
	})
	need.That(tb, len(text) >= size, fmt.Sprintf("%d bytes of sources of Go in %s", size, source))
	return text[:size]
}

// logLines has a dictionary word in few of its lines.
func logLines(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "2026-03-%02d 14:%02d:%02d host-%d sshd[%d]: 10.0.%d.%d port %d ssh2 id=%x-%x\n",
			i%28+1, i%60, i*7%60, i%40, 1000+i*37%30000, i%256, i*11%256, 1024+i*97%60000, i*7919, i*104729)
	}
	return b.Bytes()[:size]
}

func wordRules(words [][]byte) []*Rule {
	rules := make([]*Rule, len(words))
	for i, w := range words {
		rules[i] = &Rule{Literals: [][]byte{w}}
	}
	return rules
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rules := wordRules(words(b, n))
			b.ReportAllocs()
			var p *Pack
			for b.Loop() {
				p = compile(b, EngineAuto, rules)
			}
			i := p.Info()
			b.ReportMetric(float64(i.Bytes)/float64(i.PatternBytes), "B/patternbyte")
			e := p.matcher.(*searcher).exact
			automaton := 8*len(e.cells) + 8*len(e.ends) + 4*len(e.rank) + 4*len(e.outs) + len(e.depths)
			b.ReportMetric(float64(automaton)/float64(i.PatternBytes), "automatonB/patternbyte")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	p := compile(b, EngineAuto, wordRules(words(b, 100_000)))
	for b.Loop() {
		if _, err := Load(p.data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	text := prose(b, 4<<20)
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		rules := wordRules(words(b, n))
		p, s := compile(b, EngineAuto, rules), &Scratch{}
		b.Run(fmt.Sprintf("matches/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				p.Scan(s, text, Query{})
			}
		})
		b.Run(fmt.Sprintf("count/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				p.Scan(s, text, Query{Want: WantCount})
			}
		})
		for _, r := range rules {
			r.NoCase = true
		}
		p = compile(b, EngineAuto, rules)
		b.Run(fmt.Sprintf("nocase/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				p.Scan(s, text, Query{})
			}
		})
	}
}

// The loops of the lanes alone.
func BenchmarkLanes(b *testing.B) {
	text := prose(b, 1<<20)
	for _, n := range []int{1_000, 10_000, 100_000} {
		for _, engine := range []string{EngineDFA, EngineSDFA, EngineDA8} {
			if engine != EngineDA8 && n > 10_000 {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", engine, n), func(b *testing.B) {
				a := compile(b, engine, wordRules(words(b, n))).matcher.(*searcher).exact
				var l lanes
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					for at := 0; at < len(text); at += maxLookAhead {
						l.split(at, maxLookAhead)
						a.lanes.stepper.lockstep(text, &l)
					}
				}
			})
		}
	}
}

func BenchmarkScanLines(b *testing.B) {
	const size = 256 << 10
	p, s := compile(b, EngineAuto, wordRules(words(b, 10_000))), &Scratch{}
	for name, block := range map[string][]byte{"log": logLines(size), "prose": prose(b, size)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			lines := 0
			for b.Loop() {
				lines = 0
				p.ScanLines(s, block, Query{}, func(*Line) bool { lines++; return true })
			}
			b.ReportMetric(float64(lines), "lines")
		})
	}
}

// Sixty regexes, most with hints, over lines of which few match.
func BenchmarkRegexLines(b *testing.B) {
	const size = 256 << 10
	shapes := []string{`AKIA%02d[0-9A-Z]{16}`, `(?i)secret%02d\s*[:=]\s*\S+`, `\bDE%02d\d{18}\b`, `(?:error|fatal) %02d: .+`, `-----BEGIN KEY %02d`}
	var rules []*Rule
	for i := range 60 {
		rules = append(rules, &Rule{ID: fmt.Sprint(i), Regex: fmt.Sprintf(shapes[i%len(shapes)], i)})
	}
	block := logLines(size)
	copy(block[size/2:], "fatal 23: no room\n")
	lines := bytes.Count(block, newline)
	p, s := compile(b, EngineAuto, rules), &Scratch{}
	b.SetBytes(size)
	for b.Loop() {
		p.ScanLines(s, block, Query{}, func(*Line) bool { return true })
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// insaneWords returns n words of at least 5 bytes of Debian's largest list.
func insaneWords(tb testing.TB, n int) [][]byte {
	tb.Helper()
	return pick(wordList(tb, "american-english-insane", "wamerican-insane"), n)
}

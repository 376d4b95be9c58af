// The texts: lines that the rules are for. Always the same for the same
// packages.

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"trawl/build/bench/internal/lab"
)

const (
	textLines   = 100_000
	sampleLines = 4_000 // of a text, for matchers that are too slow for all of it
)

// mixture is what a text consists of, in percent; the rest is filler.
type mixture struct {
	matching, spoiled int // lines made out of the rules; a byte of some is changed
	foreign           int // lines that are made not to be ASCII
	filler            func(b *bench) ([]string, error)
}

var mixtures = map[string]mixture{
	"logs":            {matching: 40, spoiled: 20, filler: serverLogs},
	"logs, non-ASCII": {matching: 40, spoiled: 20, foreign: 40, filler: serverLogs},
	"mail":            {matching: 5, spoiled: 5, filler: prose},
	"failures":        {matching: 30, spoiled: 20, filler: banLogs},
	"requests":        {matching: 5, spoiled: 5, filler: serverLogs},
}

// text is a text of a rule set.
type text struct {
	path, sample      string // files; the sample are lines spread over the text
	lines, sampled    []string
	bytes             int64
	nonASCII, nonUTF8 int
}

// makeText writes a text for a set, and its sample. Logs are made of
// logcheck's rules whatever the set.
func (b *bench) makeText(s *ruleSet, name string) (*text, error) {
	rules := s.regexes
	if name == "logs" {
		if err := ruleSets[0].prepare(b); err != nil {
			return nil, err
		}
		rules = ruleSets[0].regexes
	}
	t := &text{path: b.file(s.name + "-" + name + ".text")}
	t.path = strings.NewReplacer(" ", "-", ",", "").Replace(t.path)
	t.sample = t.path + ".sample"
	var err error
	if t.lines, err = b.mix(mixtures[name], rules); err != nil {
		return nil, err
	}
	for _, line := range t.lines {
		if strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 }) {
			t.nonASCII++
		}
		if strings.ToValidUTF8(line, "") != line {
			t.nonUTF8++
		}
		t.bytes += int64(len(line)) + 1
	}
	err = os.WriteFile(t.path, []byte(strings.Join(t.lines, "\n")+"\n"), 0o644)
	if err == nil {
		for i := range sampleLines {
			t.sampled = append(t.sampled, t.lines[i*len(t.lines)/sampleLines])
		}
		err = os.WriteFile(t.sample, []byte(strings.Join(t.sampled, "\n")+"\n"), 0o644)
	}
	return t, err
}

func (b *bench) mix(m mixture, rules []string) ([]string, error) {
	filler, err := m.filler(b)
	if err != nil {
		return nil, err
	}
	if len(filler) == 0 {
		return nil, fmt.Errorf("no lines to fill the text with")
	}
	g := &generator{Rand: rand.New(rand.NewPCG(5, 6)), foreign: m.foreign > 0}
	// Few programs write most lines of a log.
	frequent := rand.NewZipf(g.Rand, 1.1, 8, uint64(len(rules)-1))
	shuffled := slices.Clone(rules)
	g.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	lines := make([]string, 0, textLines)
	for len(lines) < textLines {
		line := filler[g.IntN(len(filler))]
		kind := g.IntN(100)
		if kind < m.matching+m.spoiled {
			line = g.line(shuffled[frequent.Uint64()])
		}
		if kind < m.spoiled {
			line = g.spoil(line)
		}
		if g.IntN(100) < m.foreign {
			line = g.disturb(line)
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// serverLogs are lines of servers, and fail2ban's test logs.
func serverLogs(b *bench) ([]string, error) {
	list, err := testLogs(b)
	if err != nil {
		return nil, err
	}
	logs := strings.Split(strings.TrimSpace(string(lab.Logs(4<<20))), "\n")
	return append(logs, repeat(list, len(logs)/4)...), nil
}

func repeat(list []string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = list[i%len(list)]
	}
	return out
}

// date at the beginning of a line, which fail2ban takes off before it looks
// for its expressions.
var date = regexp.MustCompile(`^(\[?[A-Z][a-z]{2} +\d+ [\d:.]+( \d{4})?\]?|\[?\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(Z|[+-]\d\d:?\d\d)?\]?|\[?[A-Z][a-z]{2} [A-Z][a-z]{2} \d+ [\d:.]+ \d{4}\]?)`)

// banLogs are fail2ban's test logs as its expressions see them.
func banLogs(b *bench) ([]string, error) {
	list, err := testLogs(b)
	for i := range list {
		list[i] = strings.TrimPrefix(date.ReplaceAllString(list[i], ""), " ")
	}
	return slices.DeleteFunc(list, func(line string) bool { return line == "" }), err
}

func testLogs(b *bench) ([]string, error) {
	root, _, err := lab.Unpack(b.ctx, filepath.Join(b.out, "debian"), "fail2ban")
	if err != nil {
		return nil, err
	}
	const folder = "usr/lib/python3/dist-packages/fail2ban/tests/files/logs/"
	return lines(root, folder+"*[a-z0-9]", folder+"bsd/*")
}

// prose are lines of manual pages.
func prose(b *bench) ([]string, error) {
	root, _, err := lab.Unpack(b.ctx, filepath.Join(b.out, "debian"), "manpages-dev")
	if err != nil {
		return nil, err
	}
	pages, err := lab.Gather(root, ".gz", 8<<20)
	if err != nil {
		return nil, err
	}
	list := slices.Collect(scanLines(pages))
	return slices.DeleteFunc(list, func(line string) bool {
		return line == "" || line[0] == '.' || line[0] == '\'' // no text, but how to set it
	}), nil
}

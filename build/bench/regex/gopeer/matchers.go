package main

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime"
	"strconv"

	"trawl/edge/match"
)

// blockSize is how much text a client of trawl's sends at once, in bytes.
const blockSize = 256 << 10

// trawl gets blocks of whole lines, as workers do.
type trawl struct {
	pack    *match.Pack
	scratch *match.Scratch
	query   match.Query
	hits    []hit
}

func newTrawlRules(rules []string) (matcher, string, error) {
	return newTrawl(rules, match.Query{Want: match.WantRules})
}

func newTrawlPositions(rules []string) (matcher, string, error) {
	return newTrawl(rules, match.Query{Want: match.WantMatches})
}

func newTrawl(rules []string, q match.Query) (matcher, string, error) {
	b := match.NewBuilder(match.Options{})
	for i, r := range rules {
		if err := b.Add(&match.Rule{ID: strconv.Itoa(i), Regex: r}); err != nil {
			return nil, "", fmt.Errorf("%s: %w", r, err)
		}
	}
	pack, err := b.Pack()
	if err != nil {
		return nil, "", err
	}
	info := pack.Info()
	return &trawl{pack: pack, scratch: pack.NewScratch(), query: q},
		fmt.Sprintf("engine %s, %d of %d without hints", info.Engine, info.Unhinted, info.Rules), nil
}

func (t *trawl) scan(text []byte, found func(line int, matches []hit)) (n int) {
	first := 0 // number of the block's first line
	for len(text) > 0 {
		size := min(blockSize, len(text))
		if end := bytes.LastIndexByte(text[:size], '\n'); end >= 0 {
			size = end + 1
		}
		t.pack.ScanLines(t.scratch, text[:size], t.query, func(l *match.Line) bool {
			n += len(l.Rules) + len(l.Matches)
			if found != nil {
				found(first+int(l.Number)-1, t.of(l))
			}
			return true
		})
		if found != nil {
			first += bytes.Count(text[:size], []byte("\n"))
		}
		text = text[size:]
	}
	return n
}

func (t *trawl) of(l *match.Line) []hit {
	t.hits = t.hits[:0]
	for _, r := range l.Rules {
		t.hits = append(t.hits, hit{rule: r})
	}
	for _, m := range l.Matches {
		t.hits = append(t.hits, hit{m.Rule, uint32(m.Start), uint32(m.End)})
	}
	return t.hits
}

// oneByOne is package regexp: every rule on every line.
type oneByOne struct{ rules []*regexp.Regexp }

func newRegexp(rules []string) (matcher, string, error) {
	m := &oneByOne{}
	for _, r := range rules {
		compiled, err := regexp.Compile(r)
		if err != nil {
			return nil, "", err
		}
		m.rules = append(m.rules, compiled)
	}
	return m, "regexp of " + runtime.Version(), nil
}

// scan asks whether a rule matches; with found, where.
func (m *oneByOne) scan(text []byte, found func(line int, matches []hit)) (n int) {
	var hits []hit
	number := 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		hits = hits[:0]
		for i, r := range m.rules {
			if !r.Match(line) {
				continue
			}
			n++
			if found != nil {
				for _, place := range r.FindAllIndex(line, -1) {
					hits = append(hits, hit{uint32(i), uint32(place[0]), uint32(place[1])})
				}
			}
		}
		if len(hits) > 0 {
			found(number, hits)
		}
		number++
	}
	return n
}

// Do all find the same? trawl has to find what package regexp does; where RE2 or
// Hyperscan differ, regexp says who is right, and it is counted why.

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// pair is a line and a rule that matches it.
type pair struct{ line, rule uint32 }

// place is a match.
type place struct{ line, rule, start, end uint32 }

// check compares on the whole text, if nobody is too slow for that, and with
// regexp on the sample.
func (b *bench) check(m *measured) error {
	if err := b.checkSample(m); err != nil {
		return err
	}
	path, lines := m.text.path, m.text.lines
	if m.slow[trawl] || m.slow[filtered] || m.slow[hyperscan] {
		path, lines = m.text.sample, m.text.sampled
	}
	m.checked = len(lines)
	ours, err := b.hits(m.of(trawl), path)
	if err != nil {
		return err
	}
	m.hits = len(ours)
	compiled := map[uint32]*regexp.Regexp{}
	for _, p := range []*peer{filtered, hyperscan} {
		theirs, err := b.hits(m.of(p), path)
		if err != nil {
			return err
		}
		for _, d := range differences(ours, theirs) {
			if compiled[d.rule] == nil {
				compiled[d.rule] = regexp.MustCompile(m.set.regexes[d.rule])
			}
			line := lines[d.line]
			_, found := slices.BinarySearchFunc(ours, d, comparePairs)
			if compiled[d.rule].MatchString(line) != found {
				return fmt.Errorf("rule %s on line %q: trawl says %v, package regexp does not", m.set.regexes[d.rule], line, found)
			}
			m.differ(p, line, m.set.regexes[d.rule], found)
		}
	}
	return nil
}

// checkSample holds rules and places against package regexp.
func (b *bench) checkSample(m *measured) error {
	want, err := b.places(m.of(goRegexp), m.text.sample)
	if err != nil {
		return err
	}
	got, err := b.places(m.of(positions), m.text.sample)
	if err != nil {
		return err
	}
	if i := firstDifference(want, got); i >= 0 {
		return fmt.Errorf("places in the sample: package regexp has %d, trawl %d; the first that differs: %s, %s", len(want), len(got),
			m.describe(want, i), m.describe(got, i))
	}
	var rules []pair
	for _, w := range want {
		rules = append(rules, pair{w.line, w.rule})
	}
	rules = slices.Compact(rules)
	found, err := b.hits(m.of(trawl), m.text.sample)
	if err != nil {
		return err
	}
	if d := differences(rules, found); len(d) > 0 {
		return fmt.Errorf("rules in the sample: package regexp has %d, trawl %d; line %d and rule %s differ", len(rules), len(found),
			d[0].line+1, m.set.regexes[d[0].rule])
	}
	return nil
}

func firstDifference(a, b []place) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

func (m *measured) describe(list []place, i int) string {
	if i >= len(list) {
		return "none"
	}
	p := list[i]
	return fmt.Sprintf("line %d, %d to %d, %s", p.line+1, p.start, p.end, m.set.regexes[p.rule])
}

// differ counts a hit that only one of trawl and p has.
func (m *measured) differ(p *peer, line, rule string, ours bool) {
	reason := "other"
	switch {
	case !utf8.ValidString(line):
		reason = "lines that are no UTF-8"
	case strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }):
		reason = "lines that are not ASCII"
	}
	if m.differences[p] == nil {
		m.differences[p] = map[string]int{}
	}
	if m.differences[p][reason]++; reason == "other" && m.example == "" {
		m.example = fmt.Sprintf("%s on %q: trawl and package regexp say %v, %s does not", rule, line, ours, p.name)
	}
}

// differences are the pairs that only one of two ordered lists has.
func differences(a, b []pair) (d []pair) {
	for len(a) > 0 && len(b) > 0 {
		switch c := comparePairs(a[0], b[0]); {
		case c < 0:
			d, a = append(d, a[0]), a[1:]
		case c > 0:
			d, b = append(d, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return append(append(d, a...), b...)
}

func comparePairs(a, b pair) int {
	if a.line != b.line {
		return int(a.line) - int(b.line)
	}
	return int(a.rule) - int(b.rule)
}

// hits asks which rules match which lines; each pair is there once, in order.
func (b *bench) hits(r *running, text string) ([]pair, error) {
	numbers, err := b.numbers(r, "hits", text)
	var list []pair
	for i := 0; i+1 < len(numbers); i += 2 {
		list = append(list, pair{numbers[i], numbers[i+1]})
	}
	slices.SortFunc(list, comparePairs)
	return slices.Compact(list), err
}

func (b *bench) places(r *running, text string) ([]place, error) {
	numbers, err := b.numbers(r, "places", text)
	var list []place
	for i := 0; i+3 < len(numbers); i += 4 {
		list = append(list, place{numbers[i], numbers[i+1], numbers[i+2], numbers[i+3]})
	}
	slices.SortFunc(list, func(a, b place) int {
		if c := comparePairs(pair{a.line, a.rule}, pair{b.line, b.rule}); c != 0 {
			return c
		}
		return int(a.start) - int(b.start)
	})
	return list, err
}

// numbers has a matcher write what it finds into a file, and reads that.
func (b *bench) numbers(r *running, question, text string) ([]uint32, error) {
	path := b.file("found")
	var answer struct{ Hits int }
	if err := r.Ask(&answer, "%s %s %s", question, text, path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	numbers := make([]uint32, len(data)/4)
	for i := range numbers {
		numbers[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return numbers, nil
}

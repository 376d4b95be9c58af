package match

// The engine cloudflare: github.com/cloudflare/ahocorasick, for comparison and on request. The
// library knows which literals occur, not where, and takes some 4 kB of memory for every byte of a
// pattern.

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/cloudflare/ahocorasick"
)

const (
	// cloudflareBudget is how many bytes this engine may take.
	cloudflareBudget = 512 << 20
	// cloudflareNode is the size of a node of the library's trie: two tables of 256 pointers and
	// some words.
	cloudflareNode = (2*256 + 12) * bits.UintSize / 8
)

// cloudflareMemory predicts what the library takes: it makes room for a node for every byte of
// every literal.
func cloudflareMemory(patternBytes int64) int64 { return (patternBytes + 1) * cloudflareNode }

// refuseCloudflare refuses rules that the library cannot match.
func refuseCloudflare(r *Rule) error {
	what := ""
	switch {
	case r.Regex != "":
		what = "a regex"
	case r.NoCase:
		what = "nocase"
	case r.Whole:
		what = "whole"
	}
	for _, l := range r.Literals {
		if len(l) > maxDepth {
			what = fmt.Sprintf("a literal over %d bytes", maxDepth)
		}
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("%s: %w (cloudflare), use auto", what, ErrUnsupported)
}

// checkCloudflare refuses sets for which the library would need too much memory.
func checkCloudflare(patternBytes int64) error {
	need := cloudflareMemory(patternBytes)
	if need <= cloudflareBudget {
		return nil
	}
	return fmt.Errorf("%w: engine cloudflare would take %d MB for these literals, over its %d MB; use auto",
		ErrTooLarge, need>>20, cloudflareBudget>>20)
}

// planCloudflare keeps the literals, ordered by bytes, then rule: rule and bytes of each.
func planCloudflare(b *Builder) (plan, error) {
	if err := checkCloudflare(b.stats.PatternBytes); err != nil {
		return plan{}, err
	}
	var data []byte
	for _, l := range b.exact {
		data = binary.AppendUvarint(data, uint64(l.rule))
		data = binary.AppendUvarint(data, uint64(l.length))
		data = append(data, l.bytes(b.arena)...)
	}
	return plan{sections: []section{bytesSection(sectionLiterals, data)}, heap: cloudflareMemory(b.stats.PatternBytes)}, nil
}

func openCloudflare(l *loader, p *Pack) matcher {
	r := fieldReader{rest: l.take(sectionLiterals, 1)}
	var literals [][]byte
	var rules []uint32
	total := int64(0)
	for len(r.rest) > 0 && !r.bad {
		rule, text := r.number(), r.bytes()
		if r.bad || rule >= uint64(p.flags.rules) || p.flags.of(uint32(rule)) != 0 || len(text) == 0 || len(text) > maxDepth {
			l.damaged("literals")
			return nil
		}
		literals, rules = append(literals, text), append(rules, uint32(rule))
		total += int64(len(text))
	}
	l.patterns += len(rules)
	if p.names.count() != p.flags.rules {
		l.damaged("%d ids of %d rules", p.names.count(), p.flags.rules)
	}
	if err := checkCloudflare(total); err != nil {
		l.err = err
	}
	if l.err != nil {
		return nil
	}
	return newCloudflare(literals, rules)
}

type cloudflareMatcher struct {
	library *ahocorasick.Matcher // nil: no literals. MatchThreadSafe only: Match races
	rules   [][]uint32           // per literal of the library
}

// newCloudflare takes literals and their rules, ordered by literal, then by rule.
func newCloudflare(literals [][]byte, rules []uint32) *cloudflareMatcher {
	m := &cloudflareMatcher{}
	var distinct [][]byte
	for i, l := range literals {
		if i == 0 || string(l) != string(literals[i-1]) {
			distinct = append(distinct, l)
			m.rules = append(m.rules, nil)
		}
		last := len(m.rules) - 1
		m.rules[last] = append(m.rules[last], rules[i])
	}
	if len(distinct) > 0 {
		m.library = ahocorasick.NewMatcher(distinct)
	}
	return m
}

func (m *cloudflareMatcher) supports(w Want) bool { return w == WantRules || w == WantAny }

// scan gives a match the rank in place of a position: the library finds literals in the order end,
// start.
func (m *cloudflareMatcher) scan(s *Scratch, text []byte) {
	if m.library == nil || s.charge(len(text)) {
		return
	}
	for rank, i := range m.library.MatchThreadSafe(text) {
		for _, rule := range m.rules[i] {
			s.results.add(Match{int64(rank), int64(rank), rule})
		}
	}
}

func (m *cloudflareMatcher) begin(*Scratch, []byte) {}

func (m *cloudflareMatcher) seek(s *Scratch, _ []byte, pos int) int {
	if m.library == nil || s.stopped {
		return -1
	}
	return pos
}

func (m *cloudflareMatcher) scanLine(s *Scratch, block []byte, start, end int) {
	m.scan(s, block[start:end])
}

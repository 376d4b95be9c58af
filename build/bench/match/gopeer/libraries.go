// The libraries, each as its documentation says that all overlapping matches
// are found.

package main

import (
	bobu "github.com/BobuSumisu/aho-corasick"
	cloudflare "github.com/cloudflare/ahocorasick"
	coregx "github.com/coregx/ahocorasick"
	petar "github.com/petar-dambovaliev/aho-corasick"

	"trawl/build/bench/match/internal/peer"
)

// ids knows which words are in a text, not where.
type ids struct {
	matcher *cloudflare.Matcher
	found   []int
}

func newCloudflare(words [][]byte) (peer.Matcher, error) {
	return &ids{matcher: cloudflare.NewMatcher(words)}, nil
}

func (m *ids) Scan(text []byte) int {
	m.found = m.matcher.MatchThreadSafe(text)
	return len(m.found)
}

func (m *ids) Match(i int) (rule, start, end int) { return m.found[i], 0, 0 }

type coregxMatcher struct {
	automaton *coregx.Automaton
	found     []coregx.Match
}

func newCoregx(words [][]byte) (peer.Matcher, error) {
	a, err := coregx.NewBuilder().AddPatterns(words).Build()
	return &coregxMatcher{automaton: a}, err
}

func (m *coregxMatcher) Scan(text []byte) int {
	m.found = m.automaton.FindAllOverlapping(text)
	return len(m.found)
}

func (m *coregxMatcher) Match(i int) (rule, start, end int) {
	f := m.found[i]
	return f.PatternID, f.Start, f.End
}

type petarMatcher struct {
	automaton petar.AhoCorasick
	found     []petar.Match
}

func newPetar(words [][]byte) (peer.Matcher, error) {
	b := petar.NewAhoCorasickBuilder(petar.Opts{MatchKind: petar.StandardMatch, DFA: true})
	return &petarMatcher{automaton: b.BuildByte(words)}, nil
}

func (m *petarMatcher) Scan(text []byte) int {
	m.found = m.found[:0]
	for i := m.automaton.IterOverlappingByte(text); ; {
		f := i.Next()
		if f == nil {
			return len(m.found)
		}
		m.found = append(m.found, *f)
	}
}

func (m *petarMatcher) Match(i int) (rule, start, end int) {
	f := m.found[i]
	return f.Pattern(), f.Start(), f.End()
}

type bobuMatch struct{ rule, start, end int64 }

type bobuMatcher struct {
	trie  *bobu.Trie
	found []bobuMatch
}

func newBobu(words [][]byte) (peer.Matcher, error) {
	return &bobuMatcher{trie: bobu.NewTrieBuilder().AddPatterns(words).Build()}, nil
}

func (m *bobuMatcher) Scan(text []byte) int {
	m.found = m.found[:0]
	m.trie.Walk(text, func(end, n, pattern int64) bool {
		m.found = append(m.found, bobuMatch{pattern, end + 1 - n, end + 1})
		return true
	})
	return len(m.found)
}

func (m *bobuMatcher) Match(i int) (rule, start, end int) {
	f := m.found[i]
	return int(f.rule), int(f.start), int(f.end)
}

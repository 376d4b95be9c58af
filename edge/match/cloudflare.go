package match

// The engine cloudflare: github.com/cloudflare/ahocorasick, for comparison and
// for those who ask for it. It knows which literals occur, not where, and takes
// some 4 kB of memory for every byte of a pattern.

import (
	"math/bits"

	"github.com/cloudflare/ahocorasick"
)

const (
	// cloudflareBudget is the most that this engine may take, in bytes.
	cloudflareBudget = 512 << 20
	// cloudflareNode is the size of its trie nodes: two tables of 256 pointers
	// and some words more.
	cloudflareNode = (2*256 + 12) * bits.UintSize / 8
)

// cloudflareMemory predicts what a matcher takes: it makes room for a node for
// every byte of every literal.
func cloudflareMemory(patternBytes int64) int64 { return (patternBytes + 1) * cloudflareNode }

type cloudflareEngine struct {
	matcher *ahocorasick.Matcher // by MatchThreadSafe only: Match races
	rules   [][]uint32           // per literal of the matcher
}

// newCloudflareEngine takes the literals and their rules, ordered by literal,
// then by rule.
func newCloudflareEngine(literals [][]byte, rules []uint32) *cloudflareEngine {
	e := &cloudflareEngine{}
	var distinct [][]byte
	for i, l := range literals {
		if i == 0 || string(l) != string(literals[i-1]) {
			distinct = append(distinct, l)
			e.rules = append(e.rules, nil)
		}
		last := len(e.rules) - 1
		e.rules[last] = append(e.rules[last], rules[i])
	}
	if len(distinct) > 0 {
		e.matcher = ahocorasick.NewMatcher(distinct)
	}
	return e
}

func (e *cloudflareEngine) supports(w Want) bool { return w == WantRules || w == WantAny }

// scan gives the matches their rank as a place: the matcher finds literals in
// the order end, start.
func (e *cloudflareEngine) scan(s *Scratch, text []byte) {
	if e.matcher == nil || s.spent(len(text)) {
		return
	}
	for rank, i := range e.matcher.MatchThreadSafe(text) {
		for _, rule := range e.rules[i] {
			s.add(Match{int64(rank), int64(rank), rule})
		}
	}
}

func (e *cloudflareEngine) begin(*Scratch, []byte) {}

func (e *cloudflareEngine) seek(s *Scratch, _ []byte, pos int) int {
	if e.matcher == nil || s.stopped {
		return -1
	}
	return pos
}

func (e *cloudflareEngine) scanLine(s *Scratch, block []byte, start, end int) {
	e.scan(s, block[start:end])
}

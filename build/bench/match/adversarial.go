// Texts made to be slow for automata, out of a set of words: always the same
// for the same words.

package main

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

const adversarialBytes = 4 << 20

// adversarial are the generators by the name of their text.
var adversarial = []struct {
	name string
	text func(words []string) string
}{
	{"failure chains", failureChains},
	{"output chains", outputChains},
	{"dense matches", denseMatches},
}

// makeAdversarial writes the texts for a set.
func (b *bench) makeAdversarial(words []string) error {
	for _, a := range adversarial {
		if err := os.WriteFile(b.text(a.name), []byte(a.text(words)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// failureChains leads deep into the automaton again and again, to states from
// which as many failure links as possible have to be followed at one byte that
// no word has.
func failureChains(words []string) string {
	t := newTrie(words)
	states := make([]int, len(t.nodes)-1)
	for i := range states {
		states[i] = i + 1
	}
	return assemble(states, func(s int) float64 {
		return float64(t.links(s)) / float64(t.nodes[s].depth+1)
	}, func(s int) string { return t.nodes[s].text + "\x01" })
}

// outputChains consists of the words in which most others end.
func outputChains(words []string) string {
	t := newTrie(words)
	return assemble(words, func(w string) float64 {
		return float64(t.matches(w)) / float64(len(w))
	}, func(w string) string { return w })
}

// denseMatches is word after word, with nothing between them.
func denseMatches(words []string) string {
	return assemble(words, func(string) float64 { return 0 }, func(w string) string { return w })
}

// assemble repeats the best parts in random order: enough of them that caches
// and branch predictors do not learn them. Without scores, all.
func assemble[T any](parts []T, score func(T) float64, text func(T) string) string {
	const best = 2000
	type scored struct {
		part  T
		score float64
	}
	ranked := make([]scored, len(parts))
	for i, p := range parts {
		ranked[i] = scored{p, score(p)}
	}
	slices.SortStableFunc(ranked, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	if len(ranked) > best && ranked[0].score > 0 {
		ranked = ranked[:best]
	}
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	for b.Len() < adversarialBytes {
		b.WriteString(text(ranked[r.IntN(len(ranked))].part))
	}
	return b.String()[:adversarialBytes]
}

// nested are words of which each ends with all shorter ones; nestedText has as
// many matches at each byte as there are words.
func nested() []string {
	const longest = 20
	var words []string
	for n := minWord; n <= longest; n++ {
		words = append(words, strings.Repeat("a", n))
	}
	return words
}

func nestedText() string { return strings.Repeat("a", adversarialBytes/4) }

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
	text func(words []string, t *trie) string
}{
	{"failure chains", failureChains},
	{"random letters", randomLetters},
	{"output chains", outputChains},
	{"dense matches", denseMatches},
}

// makeAdversarial writes the texts for a set.
func (b *bench) makeAdversarial(words []string) error {
	t := newTrie(words)
	for _, a := range adversarial {
		if err := os.WriteFile(b.text(a.name), []byte(a.text(words, t)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// failureChains are words without their last byte: the text leads deep into the
// automaton, and then out of it by failure links.
func failureChains(words []string, _ *trie) string {
	return assemble(func(r *rand.Rand) string {
		w := words[r.IntN(len(words))]
		return w[:len(w)-1]
	})
}

// randomLetters are of the words' bytes: few lead on from anywhere, so that
// nearly each one costs a failure link, and no text can cost more.
func randomLetters(_ []string, t *trie) string {
	return assemble(func(r *rand.Rand) string { return string(t.bytes[r.IntN(len(t.bytes)):][:1]) })
}

// outputChains consists of the words in which most others end.
func outputChains(words []string, t *trie) string {
	const best = 2000
	density := func(w string) float64 { return float64(t.matches(w)) / float64(len(w)) }
	ranked := slices.SortedStableFunc(slices.Values(words), func(a, b string) int { return cmp.Compare(density(b), density(a)) })
	return denseMatches(ranked[:min(best, len(ranked))], t)
}

// denseMatches is word after word, with nothing between them.
func denseMatches(words []string, _ *trie) string {
	return assemble(func(r *rand.Rand) string { return words[r.IntN(len(words))] })
}

// assemble strings parts together.
func assemble(part func(r *rand.Rand) string) string {
	r := newRand()
	var b strings.Builder
	for b.Len() < adversarialBytes {
		b.WriteString(part(r))
	}
	return b.String()[:adversarialBytes]
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

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

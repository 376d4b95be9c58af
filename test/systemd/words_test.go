package systemd

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
)

// words makes n distinct words that begin alike, as those of a language do. The
// same seed makes the same.
func words(n int, seed uint64) []string {
	const consonants, vowels = "bcdfghklmnprstvz", "aeiou"
	random := rand.New(rand.NewPCG(seed, 1))
	seen := make(map[string]bool, n)
	list := make([]string, 0, n)
	for len(list) < n {
		var w strings.Builder
		for range 2 + random.IntN(4) {
			// The smaller of two: some letters are more frequent than others.
			w.WriteByte(consonants[min(random.IntN(len(consonants)), random.IntN(len(consonants)))])
			w.WriteByte(vowels[random.IntN(len(vowels))])
		}
		if s := w.String(); !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

// match is one of an answer.
type match struct {
	Rule  string `json:"rule"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// matchesOf reads an answer to one text.
func matchesOf(answer string) ([]match, error) {
	var a struct{ Matches []match }
	err := json.Unmarshal([]byte(answer), &a)
	return a.Matches, err
}

// oracle finds words in a text by looking up each piece of it.
type oracle struct {
	words   map[string]bool
	longest int
}

func newOracle(list []string) *oracle {
	o := &oracle{words: make(map[string]bool, len(list))}
	for _, w := range list {
		o.words[w] = true
		o.longest = max(o.longest, len(w))
	}
	return o
}

// find returns what is in a text, in the order of answers: end, start, rule.
func (o *oracle) find(text string) (found []match) {
	for start := range len(text) {
		for end := start + 1; end <= min(len(text), start+o.longest); end++ {
			if o.words[text[start:end]] {
				found = append(found, match{text[start:end], start, end})
			}
		}
	}
	slices.SortFunc(found, func(a, b match) int { return cmp.Or(a.End-b.End, a.Start-b.Start) })
	return found
}

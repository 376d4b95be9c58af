package matchtest

// Artificial words, for tests needing a word list on every machine.

import (
	"maps"
	"slices"
	"strings"
)

// Parts of the words, the frequent ones first.
var (
	onsets = strings.Fields("r t s l n c d m p b h g f v w st tr ch br pr sh th k cl gr pl fl qu sp j y z")
	nuclei = strings.Fields("e a i o u ea io ou ee y ai au")
	codas  = strings.Fields("- - - n r s l t d nt m c st ck ng p rd ss th")
	ends   = strings.Fields("- - s ed ing er ly es ness tion able 's")
)

// Words returns n different words, sorted; equal n give equal words. Words consist of syllables: as
// in a language, many share beginnings, ends and parts. Most have 3 to 14 bytes. The time for n
// words grows faster than n; 100,000 words take 0.1 s.
func Words(n int) [][]byte {
	random := source()
	pick := func(parts []string) string {
		part := parts[min(random.IntN(len(parts)), random.IntN(len(parts)))] // rather one of the first parts
		return strings.TrimPrefix(part, "-")
	}
	words := make(map[string]bool, n)
	for len(words) < n {
		word := ""
		for range 1 + min(random.IntN(4), random.IntN(4)) + random.IntN(2) {
			word += pick(onsets) + pick(nuclei) + pick(codas)
		}
		words[word+pick(ends)] = true
	}
	list := make([][]byte, 0, n)
	for _, word := range slices.Sorted(maps.Keys(words)) {
		list = append(list, []byte(word))
	}
	return list
}

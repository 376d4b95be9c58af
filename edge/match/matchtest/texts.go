// Package matchtest makes texts that are hard on a matcher of literals: for tests of package match,
// and for benchmarks against other matchers.
package matchtest

import (
	"bytes"
	"math/rand/v2"
)

// Text makes size bytes that are hard for the given literals, which are not empty. Equal arguments
// give equal bytes.
type Text func(literals [][]byte, size int) []byte

// Texts lists all texts by name.
var Texts = map[string]Text{
	"prefixes":       Prefixes,
	"failure chains": FailureChains,
	"dense matches":  Dense,
	"one byte":       OneByte,
	"random bytes":   Random,
}

func source() *rand.Rand { return rand.New(rand.NewPCG(7, 11)) }

// Prefixes strings literals together, each without its last byte: an automaton goes deep and finds
// next to nothing.
func Prefixes(literals [][]byte, size int) []byte {
	return fill(size, func(random *rand.Rand, text []byte) []byte {
		l := literals[random.IntN(len(literals))]
		return append(text, l[:max(1, len(l)-1)]...)
	})
}

// FailureChains strings literals together, without their last bytes, each chosen to share the most
// with the end of the last. Every literal ends deep in the next, and a byte that does not fit costs
// several failure links.
func FailureChains(literals [][]byte, size int) []byte {
	byStart := map[string][][]byte{}
	for _, l := range literals {
		for n := 1; n < min(len(l), 8); n++ {
			if key := string(l[:n]); len(byStart[key]) < 64 {
				byStart[key] = append(byStart[key], l)
			}
		}
	}
	return fill(size, func(random *rand.Rand, text []byte) []byte {
		for n := min(7, len(text)); n > 0; n-- {
			if list := byStart[string(text[len(text)-n:])]; len(list) > 0 {
				l := list[random.IntN(len(list))]
				if rest := l[n : len(l)-1]; len(rest) > 0 {
					return append(text, rest...)
				}
			}
		}
		l := literals[random.IntN(len(literals))]
		return append(text, l[:max(1, len(l)-1)]...)
	})
}

// Dense consists of literals only.
func Dense(literals [][]byte, size int) []byte {
	return fill(size, func(random *rand.Rand, text []byte) []byte {
		return append(text, literals[random.IntN(len(literals))]...)
	})
}

// OneByte repeats the byte that the first literal begins with.
func OneByte(literals [][]byte, size int) []byte { return bytes.Repeat(literals[0][:1], size) }

// Random is bytes of all values.
func Random(_ [][]byte, size int) []byte {
	return fill(size, func(random *rand.Rand, text []byte) []byte { return append(text, byte(random.Uint32())) })
}

func fill(size int, more func(random *rand.Rand, text []byte) []byte) []byte {
	random := source()
	text := make([]byte, 0, size+1024)
	for len(text) < size {
		text = more(random, text)
	}
	return text[:size]
}

// Nested returns the literals a, aa, aaa and so on up to n bytes: in a text of repeated a, n
// literals end at every place.
func Nested(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = bytes.Repeat([]byte("a"), i+1)
	}
	return list
}

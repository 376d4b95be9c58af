// The textbook's automaton, as a table: to find out which texts are hard for one.

package main

import "slices"

// trie has its states level by level; the root is 0.
type trie struct {
	bytes []byte   // that are in words: the columns of next
	class [256]int // column of a byte; -1: in no word
	next  []int32  // state by state and column
	words []int    // that end in a state, on the way of failure links too
}

func newTrie(words []string) *trie {
	t := &trie{}
	t.classes(words)
	children := []map[int]int32{{}} // by column
	ends := []int{0}
	for _, w := range words {
		s := int32(0)
		for i := range len(w) {
			c := t.class[w[i]]
			child, ok := children[s][c]
			if !ok {
				child = int32(len(children))
				children = append(children, map[int]int32{})
				ends = append(ends, 0)
				children[s][c] = child
			}
			s = child
		}
		ends[s]++
	}
	t.words = ends
	t.fill(children)
	return t
}

func (t *trie) classes(words []string) {
	var seen [256]bool
	for _, w := range words {
		for i := range len(w) {
			seen[w[i]] = true
		}
	}
	for b := range seen {
		if t.class[b] = -1; seen[b] {
			t.class[b] = len(t.bytes)
			t.bytes = append(t.bytes, byte(b))
		}
	}
}

// fill makes the rows, a level after the one above: that of a failure link is
// there when it is needed.
func (t *trie) fill(children []map[int]int32) {
	columns := len(t.bytes)
	t.next = make([]int32, len(children)*columns)
	fail := make([]int32, len(children))
	for level := []int32{0}; len(level) > 0; {
		var below []int32
		for _, s := range level {
			row, up := int(s)*columns, int(fail[s])*columns
			for c := range columns {
				child, ok := children[s][c]
				switch {
				case ok && s != 0:
					fail[child] = t.next[up+c]
					t.words[child] += t.words[fail[child]]
					fallthrough
				case ok:
					t.next[row+c] = child
					below = append(below, child)
				case s != 0:
					t.next[row+c] = t.next[up+c]
				}
			}
		}
		slices.Sort(below)
		level = below
	}
}

// matches counts the matches in a word.
func (t *trie) matches(word string) (n int) {
	s := int32(0)
	for i := range len(word) {
		s = t.next[int(s)*len(t.bytes)+t.class[word[i]]]
		n += t.words[s]
	}
	return n
}

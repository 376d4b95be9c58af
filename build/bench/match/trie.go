// The textbook's automaton, to find out which texts are hard for one.

package main

type node struct {
	text     string // that leads here
	depth    int
	children map[byte]int
	fail     int
	words    int // that end here, on the way of failure links too
}

type trie struct{ nodes []node } // the root is 0

func newTrie(words []string) *trie {
	t := &trie{nodes: []node{{children: map[byte]int{}}}}
	for _, w := range words {
		s := 0
		for i := range len(w) {
			next, ok := t.nodes[s].children[w[i]]
			if !ok {
				next = len(t.nodes)
				t.nodes = append(t.nodes, node{text: w[:i+1], depth: i + 1, children: map[byte]int{}})
				t.nodes[s].children[w[i]] = next
			}
			s = next
		}
		t.nodes[s].words++
	}
	t.link()
	return t
}

// link finds the failure links, level by level.
func (t *trie) link() {
	level := []int{0}
	for len(level) > 0 {
		var below []int
		for _, s := range level {
			for c, child := range t.nodes[s].children {
				if s != 0 {
					t.nodes[child].fail = t.next(t.nodes[s].fail, c)
				}
				t.nodes[child].words += t.nodes[t.nodes[child].fail].words
				below = append(below, child)
			}
		}
		level = below
	}
}

func (t *trie) next(s int, c byte) int {
	for {
		if child, ok := t.nodes[s].children[c]; ok {
			return child
		}
		if s == 0 {
			return 0
		}
		s = t.nodes[s].fail
	}
}

// links counts the failure links from a state to the root.
func (t *trie) links(s int) (n int) {
	for ; s != 0; s = t.nodes[s].fail {
		n++
	}
	return n
}

// matches counts the matches in a text.
func (t *trie) matches(text string) (n int) {
	s := 0
	for i := range len(text) {
		s = t.next(s, text[i])
		n += t.nodes[s].words
	}
	return n
}

// What is compared on what: sets of words, texts, matchers, and the bars.

package main

import "fmt"

// group is a set of words, the texts that are searched for them, and who does it.
type group struct {
	name  string
	words func(b *bench) []string
	texts []string
	peers []*peer // trawl comes first
}

func set(n int) func(b *bench) []string {
	return func(b *bench) []string { return spread(b.words, n) }
}

var groups = []*group{
	{"10 words", set(10), []string{"prose"}, []*peer{trawl, hyperscan, cloudflare, coregx, python}},
	{"1k words", set(1_000), []string{"prose"}, []*peer{trawl, hyperscan, cloudflare, coregx, petar, bobu, python}},
	{
		"10k words", set(10_000),
		[]string{"prose", "code", "logs", "failure chains", "random letters", "output chains", "dense matches"},
		[]*peer{trawl, trawlDA4, trawlFold, hyperscan, cloudflare, coregx, python},
	},
	{"100k words", set(100_000), []string{"prose"}, []*peer{trawl, trawlDA4, hyperscan, cloudflare, python}},
	{"all words", set(0), []string{"prose"}, []*peer{trawl, trawlDA4, hyperscan, python}},
	{"nested words", func(*bench) []string { return nested() }, []string{"sub_requests"}, []*peer{trawl, trawlDA8, hyperscan, python}},
}

// speedBar is what trawl's speed over a peer's is to be at least; for other
// ways to run trawl, what theirs is to be over trawl's. 0: no bar.
func speedBar(group, text string, p *peer) float64 {
	switch {
	case text == "prose" && group == "1k words":
		return map[*peer]float64{hyperscan: 0.9, coregx: 3, petar: 3, bobu: 3}[p]
	case text == "prose" && group == "10k words":
		return map[*peer]float64{hyperscan: 0.55, cloudflare: 3, trawlFold: 0.6}[p]
	case text == "prose" && group == "100k words":
		return map[*peer]float64{hyperscan: 0.8, cloudflare: 3}[p]
	case text == "failure chains" && p == hyperscan:
		return 1.2
	}
	return 0
}

// memoryBars are in bytes per pattern byte, and as a part of Hyperscan's memory; 0: none.
type memoryBars struct{ automaton, pack, ofHyperscan float64 }

func memoryBar(group string, p *peer) memoryBars {
	switch {
	case group == "100k words" && p == trawl:
		return memoryBars{4.6, 4.9, 0.45}
	case group == "all words" && p == trawl:
		return memoryBars{2.8, 3.1, 0}
	case group == "all words" && p == trawlDA4:
		return memoryBars{1.7, 1.9, 0}
	}
	return memoryBars{}
}

// cloudflareNeeds is what its trie takes, in bytes per byte of the words.
const cloudflareNeeds = 5000

// memoryNeeded is what has to be free for a matcher that takes very much.
func memoryNeeded(p *peer, words []string) (n int64) {
	if p == cloudflare {
		for _, w := range words {
			n += int64(len(w)) * cloudflareNeeds
		}
	}
	return n
}

func (g *group) String() string { return fmt.Sprintf("%s over %v", g.name, g.texts) }

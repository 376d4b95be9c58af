// Command trawlpeer is edge/match as one of the matchers that are compared; see
// build/bench/match/PROTOCOL.md.
//
//	trawlpeer [-engine NAME] [-nocase] WORDS
package main

import (
	"flag"
	"fmt"
	"os"

	"trawl/build/bench/match/internal/peer"
	"trawl/edge/match"
)

func main() {
	engine := flag.String("engine", match.EngineAuto, "what matches")
	nocase := flag.Bool("nocase", false, "ignore case")
	flag.Parse()
	if err := run(flag.Arg(0), *engine, *nocase); err != nil {
		fmt.Fprintln(os.Stderr, "trawlpeer:", err)
		os.Exit(1)
	}
}

func run(path, engine string, nocase bool) error {
	words, err := peer.ReadWords(path)
	if err != nil {
		return err
	}
	begin := peer.CPU()
	pack, err := compile(words, engine, nocase)
	if err != nil {
		return err
	}
	info := pack.Info()
	t := &trawl{pack: pack, scratch: pack.NewScratch()}
	return peer.Serve(peer.Ready{
		Version: "engine " + info.Engine, Build: peer.CPU() - begin,
		Memory: info.Bytes, Automaton: info.AutomataBytes, PatternBytes: info.PatternBytes,
	}, t, t.more)
}

func compile(words [][]byte, engine string, nocase bool) (*match.Pack, error) {
	b := match.NewBuilder(match.Options{Engine: engine})
	for i, w := range words {
		if err := b.Add(&match.Rule{Literals: [][]byte{w}, NoCase: nocase}); err != nil {
			return nil, fmt.Errorf("word %d, %q: %w", i+1, w, err)
		}
	}
	return b.Pack()
}

type trawl struct {
	pack    *match.Pack
	scratch *match.Scratch
	matches []match.Match
}

func (t *trawl) Scan(text []byte) int {
	t.matches = t.pack.Scan(t.scratch, text, match.Query{}).Matches
	return len(t.matches)
}

func (t *trawl) Match(i int) (rule, start, end int) {
	m := t.matches[i]
	return int(m.Rule), int(m.Start), int(m.End)
}

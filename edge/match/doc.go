// Package match finds literals and regular expressions in texts.
//
// Rules are compiled once into a [Pack], one immutable block of bytes that can be written to a
// file, sent to another machine and used without decoding:
//
//	b := match.NewBuilder(match.Options{Name: "demo"})
//	err := b.Add(&match.Rule{Literals: [][]byte{[]byte("his")}})
//	pack, err := b.Pack()
//
// A pack is safe for concurrent use. Every goroutine scans with a [Scratch] of its own, which holds
// the results until the next scan:
//
//	s := pack.NewScratch()
//	for _, m := range pack.Scan(s, text, match.Query{}).Matches {
//		fmt.Printf("%s at %d\n", pack.MatchID(m, text), m.Start)
//	}
//
// [Pack.ScanLines] takes every line of a block as a text, [Pack.ScanTexts] takes many texts at
// once.
//
// Patterns and texts are bytes, offsets count bytes. Every occurrence of every literal is a match,
// overlapping ones too; a regex matches as [regexp.Regexp.FindAllIndex] does. Matches come in the
// order end, start, rule.
//
// The path of rules into a pack, and of a text through it:
//
//	Rule → Builder → automata, formulas of regexes → engine → sections → Pack
//	text → Pack.Scan → searcher → finder (one stream, lanes or a prefilter) → matches of literals
//	                            → atoms → regexes whose formulas are true → lazy DFAs → matches
//
// DESIGN.md explains the algorithms and lists the files; FORMAT.md describes the bytes of a pack.
package match

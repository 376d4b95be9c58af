// Package match finds literals and regular expressions in texts.
//
// Rules are compiled once into a [Pack], one immutable block of bytes that can
// be written to a file, sent to another machine and used as it lies:
//
//	b := match.NewBuilder(match.Options{Name: "demo"})
//	err := b.Add(&match.Rule{Literals: [][]byte{[]byte("his")}})
//	pack, err := b.Pack()
//
// A pack is safe for concurrent use; every goroutine scans with a scratch of
// its own, in which the results lie until its next scan:
//
//	s := pack.NewScratch()
//	for _, m := range pack.Scan(s, text, match.Query{}).Matches {
//		fmt.Printf("%s at %d\n", pack.MatchID(m, text), m.Start)
//	}
//
// A text that comes in pieces goes to a [Scanner], which finds the literals
// across the seams.
//
// Patterns and texts are bytes, offsets count bytes. Every occurrence of every
// literal is a match, overlapping ones too; a regex matches as
// [regexp.Regexp.FindAllIndex] does. Matches come in the order end, start, rule.
//
// DESIGN.md explains the automaton and the way of a scan, FORMAT.md describes
// the bytes of a pack.
package match

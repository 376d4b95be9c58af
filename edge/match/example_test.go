package match_test

import (
	"fmt"

	"trawl/edge/match"
)

// Words and a regex are compiled into a pack, which then finds them all in one go.
func Example() {
	b := match.NewBuilder(match.Options{Name: "demo"})
	for _, rule := range []*match.Rule{
		{ID: "pronoun", Literals: [][]byte{[]byte("she"), []byte("he")}, Whole: true},
		{ID: "year", Regex: `\b(19|20)\d\d\b`},
	} {
		if err := b.Add(rule); err != nil {
			fmt.Println(err)
			return
		}
	}
	pack, err := b.Pack()
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []byte("In 1987 she moved there; the house is gone.")
	for _, m := range pack.Scan(pack.NewScratch(), text, match.Query{}).Matches {
		fmt.Printf("%s at %d: %s\n", pack.ID(int(m.Rule)), m.Start, text[m.Start:m.End])
	}
	// Output:
	// year at 3: 1987
	// pronoun at 8: she
}

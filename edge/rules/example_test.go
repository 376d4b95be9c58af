package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"trawl/edge/match"
	"trawl/edge/rules"
)

// A rule file and a word list become one pack, and what is wrong comes with its place.
func Example() {
	dir, err := os.MkdirTemp("", "trawl-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			panic(err)
		}
		return path
	}
	show := func(v any) { fmt.Println(strings.ReplaceAll(fmt.Sprint(v), dir+"/", "")) }

	pii := write("pii.yaml", `
rules:
  - id: iban-de
    regex: '\bDE\d{20}\b'
    severity: high
`)
	words := write("words.txt", "bluefin\ntarpon\nbluefin\n")
	wrong := write("wrong.yaml", "rules:\n  - {id: open, regex: '('}\n")

	pack, report, err := rules.Compile([]string{pii, words}, rules.Options{})
	if err != nil {
		panic(err)
	}
	show(report)
	text := []byte("tarpon pays to DE89370400440532013000")
	for _, m := range pack.Scan(pack.NewScratch(), text, match.Query{}).Matches {
		fmt.Println(pack.ID(int(m.Rule)), m.Start, m.End)
	}

	_, _, err = rules.Compile([]string{wrong}, rules.Options{})
	show(err)
	// Output:
	// pii.yaml: 1 rule (0 literals, 1 regex)
	// words.txt: 2 words (1 repeated)
	// in total: 3 rules (2 literals, 1 regex)
	// tarpon 0 6
	// iban-de 15 37
	// wrong.yaml:2: rule "open": regex does not compile: missing closing ): (
}

// Package rules reads word lists and rule files, and compiles them into a pack of edge/match:
//
//	pack, report, err := rules.Compile([]string{"words.txt", "pii.yaml"}, rules.Options{})
//	fmt.Println(report) // words.txt: 10,000 words (3 blank lines, 2 repeated) …
//
// The path of a rule, each step in a file of its own:
//
//	folder.go    paths              → the rule files in folders
//	source.go    a path             → an open source: word list, rule file or pack
//	words.go     a word list        → words
//	yaml.go      a rule file        → YAML, with bounds on aliases
//	parse.go     YAML               → File and Rule (file.go), with data.go for a rule's data
//	compile.go   rules of sources   → a builder of edge/match, and the Report (report.go)
//
// A Store caches packs, from which workers start without compiling:
//
//	store.go        a folder of packs: open, compile, copy
//	storefiles.go   the files in the folder: written as a whole, cleaned up
//	storekey.go     the key of the sources of a pack
//	calibration.go  the fastest way to scan on this board
//	fingerprint.go  whether sources have changed, for workers that serve
//
// Beside that, for people who write rules:
//
//	explain.go   explainregex.go  how a rule matches a text, or why not
//	find.go      one rule by its id
//	examples.go  the examples in rule files, run
//	inspect.go   warning.go  linebreak.go  the cost of each rule, and what is suspicious
//	nocase.go    ignoring case in literals outside of UTF-8
//
// Package importer below converts rules of other programs. RULES.md describes the formats.
//
// Nothing is dropped silently: the report counts everything left out of a word list, and all
// mistakes are one error with files and lines (problem.List). After a mistake there is no pack.
package rules

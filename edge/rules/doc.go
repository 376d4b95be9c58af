// Package rules reads what people write down to be searched for and compiles
// it into a pack of edge/match:
//
//	pack, report, err := rules.Compile([]string{"words.txt", "pii.yaml"}, rules.Options{})
//	fmt.Println(report) // words.txt: 10,000 words (3 blank lines, 2 repeated) …
//
// It takes word lists (one literal per line), rule files (.yaml, .yml) and
// ready packs. RULES.md describes the formats for those who write them.
//
// Nothing is dropped silently: what was left out of a word list is counted in
// the report, and everything that is wrong is an error with file and line, all
// of it at once (Problems). If anything is wrong, there is no pack.
//
// CompileTo writes the pack into a file, with less memory. A Store keeps packs in
// a folder, from which they are mapped: what a worker does.
//
// Check does the same as Compile without compiling. Parse and ReadFile give the rules of
// one rule file as a model, for tools that look at single rules and examples;
// ReadWords goes through a word list.
package rules

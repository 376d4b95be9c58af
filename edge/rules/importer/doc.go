// Package importer converts rule sets of other programs into rule files of trawl: word lists,
// grep's regexes, logcheck, fail2ban, SpamAssassin, hosts files, the ModSecurity Core Rule Set,
// Snort and Suricata, YARA and Sigma.
//
//	result, err := importer.Import("snort", []string{"local.rules"})
//	yaml, err := result.YAML()
//	fmt.Print(result.Summary.Text(false)) // 312 rules: 250 taken, 40 in part, 22 skipped …
//
// No meaning changes silently. Every rule of the source ends in one of three ways: taken (it
// matches the same texts), taken in part (the summary says what it finds more or less) or skipped
// (the summary says why). The three counts add up to the rules found. docs/importing.md describes,
// for each kind, what counts as a text and what is taken.
//
// The path of a rule, through packages below internal:
//
//	importer      a kind and paths  → an import of that kind; guesses at wrong files
//	job           files             → the rules found, what became of each, the rule file
//	yara, sigma, snort, crs, fail2ban, spamassassin, lists
//	              a file of a kind  → regexes, literals and conditions
//	condition     a condition       → the patterns that stand for it
//	re2           a regex           → RE2 syntax, fitted to lines as they are
//	shape         RE2 syntax        → a tree that can be changed and written again
//
// A kind is a [job.Kind] with a reader. The reader calls Begin for each rule of the source, then
// methods of the Entry that describe the rule, then End. importertest and regextest hold what tests
// of several kinds use: imports from memory, and random regexes compared with other programs.
//
// Sources are foreign bytes: time and memory are bounded whatever the content. Unreadable sources
// are a problem.List with file and line.
package importer

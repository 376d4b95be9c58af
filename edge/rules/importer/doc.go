// Package importer turns rule sets that people already have into rule files of
// trawl: word lists, grep's regexes, logcheck, fail2ban, the ModSecurity Core
// Rule Set, Snort and Suricata, YARA and Sigma.
//
//	result, err := importer.Import("snort", []string{"local.rules"})
//	yaml, err := result.YAML()
//	fmt.Print(result.Summary.Text(false)) // 312 rules: 250 taken, 40 in part, 22 skipped …
//
// No meaning changes silently. Every rule that is found in the source ends as
// one of three: taken (it matches the same texts), taken in part (what it finds
// more or less is said) or skipped (why is said); the three counts add up to the
// rules found. What a text is, for each kind, and what is taken is in
// docs/importing.md.
//
// Sources are foreign bytes: time and memory are bounded whatever they hold, and
// what cannot be read is an error of type rules.Problems with file and line.
package importer

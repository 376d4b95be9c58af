// Package importer turns rule sets that people already have into rule files of
// trawl: word lists, grep's regexes, logcheck, fail2ban, SpamAssassin, hosts files,
// the ModSecurity Core Rule Set, Snort and Suricata, YARA and Sigma.
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
// A regex is translated into RE2 syntax (perl*.go, posix*.go), then fitted to lines
// as they are: lineend.go says what each program does to the ends of lines, and
// fail2bandate.go what fail2ban cuts out of them. Both take the expression apart
// with shape.go.
//
// Sources are foreign bytes: time and memory are bounded whatever they hold, and
// what cannot be read is an error of type rules.Problems with file and line.
package importer

// Package job is an import in progress: sources are read within bounds, each rule of a source
// becomes an [Entry], and the entries end as rules, counts and reasons.
//
//	read.go       paths   → files, lines and included files, within the folder of the rules
//	kind.go       what a kind of rule sets must provide
//	run.go        the import: a reader gets one file after the other
//	job.go        a rule of the source → taken, taken in part or skipped
//	trial.go      how well a pattern can be looked for
//	linebreak.go  rules without matches in single lines
//	rule.go       encoded.go  the rules made, and texts in encodings
//	summary.go    the counts, for people and as JSON
//	yaml.go       the rule file
package job

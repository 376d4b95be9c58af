// Package yara imports YARA rules: strings become literals and regexes. The condition decides on
// the strings to look for.
//
//	lex.go  parse.go  a file      → tokens and rules
//	yara.go           a rule      → an entry
//	condition.go      tokens      → a condition over strings
//	strings.go hex.go a string    → literals and regexes
package yara

// Package sigma imports Sigma rules: keywords and the values of fields become texts, in the formats
// of logs.
//
//	sigma.go      a document     → an entry, with its selections
//	condition.go  a condition    → a condition over selections
//	value.go      a value        → text and wildcards, after modifiers
//	pattern.go    text and wildcards → literals and regexes
package sigma

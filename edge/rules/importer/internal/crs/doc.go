// Package crs imports rules of ModSecurity, such as the OWASP Core Rule Set.
//
//	crs.go     a chain of rules → the rule that is looked for
//	parse.go   a directive      → variables, operator, actions
//	config.go  directives that change other rules
//	text.go    variables and transformations
package crs

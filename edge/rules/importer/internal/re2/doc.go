// Package re2 translates regexes of several engines into RE2 syntax.
//
//	t, err := re2.Perl(src, re2.PCRE, re2.Flags{IgnoreCase: true}) // or re2.ERE, re2.BRE
//	t, err = line.Apply(t)                                         // for unchanged lines
//
// A [Translation] says how the expression differs from the original: more matches, fewer or
// different matches. For an expression without a translation the error is a [Refused], with a
// reason.
//
//	translate.go    Translation, and the output of all translators
//	reason.go       reasons for a difference or a refusal
//	perl.go         the syntax of Perl: PCRE, Python, YARA, Sigma, SpamAssassin
//	perlgroup.go    perlescape.go  perlclass.go  groups and flags, escapes, classes
//	perlunicode.go  classes and word boundaries of Python, for all scripts
//	perlbytes.go    regexes that count bytes, for a matcher that counts characters
//	posix.go        posixword.go  the syntax of grep and grep -E, with \< and \>
//	json.go         characters as escaped by programs in JSON
//	lineend.go      changes of programs to the ends of lines before matching
//	requires.go     texts in every match
package re2

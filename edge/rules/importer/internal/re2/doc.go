// Package re2 translates regexes of other programs into RE2 syntax.
//
//	t, err := re2.Perl(src, re2.PCRE, re2.Flags{IgnoreCase: true}) // or re2.ERE, re2.BRE
//	t, err = line.Apply(t)                                         // for lines as they are
//
// A [Translation] says how its expression differs from the original: more matches, fewer or others.
// An expression without a translation is a [Refused] error with a reason.
//
//	translate.go    Translation, and what all translators share
//	reason.go       reasons for a difference or a refusal
//	perl.go         the syntax of Perl: PCRE, Python, YARA, Sigma, SpamAssassin
//	perlgroup.go    perlescape.go  perlclass.go  groups and flags, escapes, classes
//	perlunicode.go  classes and word boundaries of Python, which know all scripts
//	perlbytes.go    regexes that count bytes, for a matcher that counts characters
//	posix.go        posixword.go  the syntax of grep and grep -E, with \< and \>
//	json.go         characters as programs write them into JSON
//	lineend.go      what programs do to the ends of lines before matching
//	requires.go     texts in every match
package re2

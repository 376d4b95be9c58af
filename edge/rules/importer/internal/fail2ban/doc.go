// Package fail2ban imports filters of fail2ban: failregex and ignoreregex, with everything that they
// are made of.
//
//	ini.go       files        → sections and options, with includes and interpolation
//	fail2ban.go  an option    → regexes
//	tag.go       <HOST> and other tags → regexes
//	date.go      places in a regex where fail2ban has cut out a date
package fail2ban

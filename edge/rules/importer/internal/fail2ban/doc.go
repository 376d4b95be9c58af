// Package fail2ban imports filters of fail2ban: failregex and ignoreregex, with all included files
// and options.
//
//	ini.go       files        → sections and options, with includes and interpolation
//	fail2ban.go  an option    → regexes
//	tag.go       <HOST> and further tags → regexes
//	date.go      places in a regex where fail2ban has cut out a date
package fail2ban

// Package lists imports lists with one entry per line: words, names of hosts, regexes of grep and
// of logcheck.
package lists

// Package regextest compares translated regexes with other programs, in tests of importers.
package regextest

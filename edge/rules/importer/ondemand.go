// Regexes that are compiled when they are first used: every trawl process links the
// importers, and few import.

package importer

import (
	"regexp"
	"sync"
)

// onDemand returns a function that returns the regex, compiled by its first call. It may be
// called by several goroutines.
func onDemand(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

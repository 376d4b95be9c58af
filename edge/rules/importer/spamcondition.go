// Conditions in SpamAssassin's configuration: if, ifplugin, else and endif.

package importer

import (
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

// spamVersion is the version of SpamAssassin that conditions are about, in the form
// that they have it in: 4.0.1.
const spamVersion = 4.000001

// spamConditions are the ifs that are open, the inner ones last: whether each holds.
type spamConditions []bool

// skipped says whether some condition does not hold.
func (c spamConditions) skipped() bool {
	for _, holds := range c {
		if !holds {
			return true
		}
	}
	return false
}

// take takes a setting that is about conditions; false if it is another one.
func (c *spamConditions) take(key, value string) bool {
	switch key {
	case "if":
		*c = append(*c, spamHolds(value))
	case "ifplugin":
		*c = append(*c, true)
	case "else":
		if n := len(*c); n > 0 {
			(*c)[n-1] = !(*c)[n-1]
		}
	case "endif":
		if n := len(*c); n > 0 {
			*c = (*c)[:n-1]
		}
	default:
		return false
	}
	return true
}

var spamCompare = ondemand.Regexp{Expr: `^\(?\s*version\s*(>=|<=|==|!=|<|>)\s*([0-9.]+)\s*\)?$`}

// spamHolds says whether a condition holds: of plugins and features all are there.
func spamHolds(condition string) bool {
	condition = strings.TrimSpace(condition)
	m := spamCompare.Get().FindStringSubmatch(condition)
	if m == nil {
		return !strings.HasPrefix(strings.TrimLeft(condition, "( "), "!")
	}
	n, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return true
	}
	switch m[1] {
	case ">=":
		return spamVersion >= n
	case "<=":
		return spamVersion <= n
	case "<":
		return spamVersion < n
	case ">":
		return spamVersion > n
	case "==":
		return spamVersion == n
	}
	return spamVersion != n
}

package spamassassin

// Conditions in SpamAssassin's configuration: if, ifplugin, else and endif.

import (
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

// version is the assumed version of SpamAssassin, 4.0.1 as written in conditions.
const version = 4.000001

// conditions holds the values of the open conditions, innermost last.
type conditions []bool

// skipped reports whether some open condition is false.
func (c conditions) skipped() bool {
	for _, holds := range c {
		if !holds {
			return true
		}
	}
	return false
}

// take takes if, ifplugin, else and endif. It returns false for further settings.
func (c *conditions) take(key, value string) bool {
	switch key {
	case "if":
		*c = append(*c, holds(value))
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

var versionTest = ondemand.Regexp{Expr: `^\(?\s*version\s*(>=|<=|==|!=|<|>)\s*([0-9.]+)\s*\)?$`}

// holds evaluates a condition. All plugins and features are assumed to be present.
func holds(condition string) bool {
	condition = strings.TrimSpace(condition)
	m := versionTest.Get().FindStringSubmatch(condition)
	if m == nil {
		return !strings.HasPrefix(strings.TrimLeft(condition, "( "), "!")
	}
	n, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return true
	}
	switch m[1] {
	case ">=":
		return version >= n
	case "<=":
		return version <= n
	case "<":
		return version < n
	case ">":
		return version > n
	case "==":
		return version == n
	}
	return version != n
}

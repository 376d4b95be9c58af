package re2

// Names of groups. RE2 syntax has each name once; other engines may have it in several
// alternatives.

import (
	"fmt"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/shape"
)

var validName = ondemand.Regexp{Expr: `^[A-Za-z0-9_]+$`}

// groupHead begins a group of that name; one that RE2 syntax does not take is left out.
func groupHead(name string) string {
	if !validName.Get().MatchString(name) || strings.Contains(name, "__") {
		return "("
	}
	return "(?P<" + name + ">"
}

// UniqueNames returns expr, which this package has written, with each name of a group once: further
// groups of a name get two underscores and a number behind it, which package match takes for the
// same name.
func UniqueNames(expr string) string {
	const head = "(?P<"
	if strings.Count(expr, head) < 2 {
		return expr
	}
	var b strings.Builder
	seen := map[string]int{}
	for i := 0; i < len(expr); {
		end := i + 1
		switch {
		case expr[i] == '\\':
			end = min(i+2, len(expr))
		case expr[i] == '[':
			end = min(shape.ClassEnd(expr, i)+1, len(expr))
		case strings.HasPrefix(expr[i:], head):
			end = i + strings.IndexByte(expr[i:], '>') + 1
			name := expr[i+len(head) : end-1]
			if seen[name]++; seen[name] > 1 {
				fmt.Fprintf(&b, "%s%s__%d>", head, name, seen[name])
				i = end
				continue
			}
		}
		b.WriteString(expr[i:end])
		i = end
	}
	return b.String()
}

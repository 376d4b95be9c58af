package watch

// Filters: which events a sink gets.

import "slices"

// Filter says which events a sink gets: events with a member of each list that is not
// empty. The zero value lets all through.
type Filter struct {
	Severity []string
	Tags     []string
	Rules    []string // rule sets
}

func (f *Filter) takes(e *Event) bool {
	return (len(f.Severity) == 0 || slices.Contains(f.Severity, e.Severity)) &&
		(len(f.Rules) == 0 || slices.Contains(f.Rules, e.Rules)) &&
		(len(f.Tags) == 0 || slices.ContainsFunc(e.Tags, func(tag string) bool { return slices.Contains(f.Tags, tag) }))
}

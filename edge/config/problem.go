// Errors: what is wrong, and where it was said.

package config

import "strings"

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Origin  string // "FILE:LINE", "env NAME", "flag --x", "default"
	Message string
}

func (p Problem) Error() string { return p.Origin + ": " + p.Message }

// Problems are all that is wrong, one line each.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// err returns nil for none, so that an empty list is not a non-nil error.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Errors: what is wrong, and where it was said.

package config

import (
	"strings"

	"trawl/edge/escape"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Origin  string // "FILE:LINE", "env NAME", "flag --x", "default"
	Message string
}

// Error is one line, whatever a file or variable holds.
func (p Problem) Error() string {
	return escape.Line(p.Origin) + ": " + escape.Cut(p.Message, maxMessage)
}

// maxMessage bounds a message, in bytes. What it quotes is cut where it is made.
const maxMessage = 2000

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

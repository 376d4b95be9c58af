package re2

// Reasons why a rule is skipped or taken in part.

import (
	"strings"
)

// Reason says why a rule is skipped or taken in part. Rules with the same reason share Text; Detail
// is about a single rule.
type Reason struct{ Text, Detail string }

// Because returns a reason.
func Because(text, detail string) Reason { return Reason{text, detail} }

// NewReason returns a pointer to a reason.
func NewReason(text, detail string) *Reason { return &Reason{text, detail} }

func (r Reason) String() string {
	if r.Detail == "" {
		return r.Text
	}
	return r.Text + ": " + r.Detail
}

// FindsLess reports whether texts are missed for the reason.
func (r Reason) FindsLess() bool {
	return strings.HasPrefix(r.Text, "finds less") || strings.HasPrefix(r.Text, "finds other")
}

package re2

// Why a rule is not taken, or is taken in part.

import (
	"strings"
)

// Reason says why a rule is not simply taken: in words that are the same for
// all rules with that Reason, and what it is in this one.
type Reason struct{ Text, Detail string }

// Because is a reason.
func Because(text, detail string) Reason { return Reason{text, detail} }

// NewReason is because, for those who may have none.
func NewReason(text, detail string) *Reason { return &Reason{text, detail} }

func (r Reason) String() string {
	if r.Detail == "" {
		return r.Text
	}
	return r.Text + ": " + r.Detail
}

// FindsLess says whether texts are missed for that reason.
func (r Reason) FindsLess() bool {
	return strings.HasPrefix(r.Text, "finds less") || strings.HasPrefix(r.Text, "finds other")
}

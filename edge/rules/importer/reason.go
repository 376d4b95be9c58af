// Why a rule is not taken, or is taken in part.

package importer

import "strings"

// reason says why a rule is not simply taken: in words that are the same for
// all rules with that reason, and what it is in this one.
type reason struct{ text, detail string }

// because is a reason.
func because(text, detail string) reason { return reason{text, detail} }

// newReason is because, for those who may have none.
func newReason(text, detail string) *reason { return &reason{text, detail} }

func (r reason) String() string {
	if r.detail == "" {
		return r.text
	}
	return r.text + ": " + r.detail
}

// less says whether texts are missed for that reason.
func (r reason) less() bool {
	return strings.HasPrefix(r.text, "finds less") || strings.HasPrefix(r.text, "finds other")
}

package doctor

import "fmt"

// Verdict is how bad a finding is.
type Verdict string

const (
	OK      Verdict = "ok"
	Warning Verdict = "warning" // trawl works, and could do so better or longer
	Fault   Verdict = "fault"   // trawl does not work, or will stop to
)

// Finding is one line of the page.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	What    string  `json:"what"`         // was looked at
	Says    string  `json:"says"`         // what was found
	Do      string  `json:"do,omitempty"` // about it
}

// page collects findings.
type report []Finding

func (r *report) ok(what, says string, args ...any) {
	*r = append(*r, Finding{OK, what, fmt.Sprintf(says, args...), ""})
}

func (r *report) warning(what, do, says string, args ...any) {
	*r = append(*r, Finding{Warning, what, fmt.Sprintf(says, args...), do})
}

func (r *report) fault(what, do, says string, args ...any) {
	*r = append(*r, Finding{Fault, what, fmt.Sprintf(says, args...), do})
}

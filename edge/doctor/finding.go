package doctor

// Findings, and the report that collects them.

import "fmt"

// Verdict is how bad a finding is.
type Verdict string

const (
	OK      Verdict = "ok"
	Warning Verdict = "warning" // trawl works, but could work better or longer
	Fault   Verdict = "fault"   // trawl does not work, or will stop working
)

// Finding is one line of the report.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	What    string  `json:"what"`         // the subject of the check
	Says    string  `json:"says"`         // the result
	Do      string  `json:"do,omitempty"` // advice
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

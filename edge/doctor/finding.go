package doctor

import "fmt"

// Verdict is how bad a finding is.
type Verdict string

const (
	OK     Verdict = "ok"
	Remark Verdict = "remark" // trawl works, and could do so better or longer
	Fault  Verdict = "fault"  // trawl does not work, or will stop to
)

// Finding is one line of the page.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	What    string  `json:"what"`         // was looked at
	Says    string  `json:"says"`         // what was found
	Do      string  `json:"do,omitempty"` // about it
}

// page collects findings.
type page []Finding

func (p *page) ok(what, says string, args ...any) {
	*p = append(*p, Finding{OK, what, fmt.Sprintf(says, args...), ""})
}

func (p *page) remark(what, do, says string, args ...any) {
	*p = append(*p, Finding{Remark, what, fmt.Sprintf(says, args...), do})
}

func (p *page) fault(what, do, says string, args ...any) {
	*p = append(*p, Finding{Fault, what, fmt.Sprintf(says, args...), do})
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

package release

// Choosing: which of the releases that its brokers offer a worker takes.

import (
	"slices"
	"sort"
)

// Offer is a release that a broker wants a worker to have.
type Offer struct {
	Release *Release
	Retry   uint64 // see wire.Goal
	Broker  int    // of the caller's counting
}

// Marks are what a worker remembers of releases that went wrong.
type Marks struct {
	Crashed []Version `json:"crashed,omitempty"` // ended the process; kept on disk
	Heeded  []uint64  `json:"heeded,omitempty"`  // requests to try again that were followed; kept on disk
	Failed  []Version `json:"-"`                 // could not be fetched, checked or loaded
}

// maxMarks bounds each list of Marks. The oldest go first.
const maxMarks = 16

func remember[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list[max(0, len(list)-maxMarks+1):len(list):len(list)], v)
}

// HasCrashed reports whether a release is marked as one that crashed.
func (m *Marks) HasCrashed(v Version) bool { return slices.Contains(m.Crashed, v) }

// Crash marks a release.
func (m *Marks) Crash(v Version) { m.Crashed = remember(m.Crashed, v) }

// Fail marks a release for as long as the process runs.
func (m *Marks) Fail(v Version) { m.Failed = remember(m.Failed, v) }

// wants reports whether a request asks for a release to be tried again, and was not followed yet.
func (m *Marks) wants(retry uint64) bool { return retry != 0 && !slices.Contains(m.Heeded, retry) }

// Heed takes the marks from a release because somebody has asked for that.
func (m *Marks) Heed(v Version, retry uint64) {
	m.Heeded = remember(m.Heeded, retry)
	same := func(w Version) bool { return w == v }
	m.Crashed = slices.DeleteFunc(slices.Clone(m.Crashed), same)
	m.Failed = slices.DeleteFunc(slices.Clone(m.Failed), same)
}

// Choice is what a worker makes of offers.
type Choice struct {
	Take    *Offer // nil: nothing
	Retries bool   // Take has a mark, and somebody asks to try it again: see Marks.Heed
	Refused []Refusal
}

// Refusal is an offer that is not trusted.
type Refusal struct {
	Offer *Offer
	Err   error // wraps ErrUntrusted
}

// Choose returns the highest release among the offers that is higher than the one in use,
// trusted, and not marked. All offers are of one rule set.
func Choose(inUse Version, offers []Offer, trust *Trust, marks *Marks) Choice {
	var c Choice
	order := make([]*Offer, len(offers))
	for i := range offers {
		order[i] = &offers[i]
	}
	sort.SliceStable(order, func(i, j int) bool { return order[i].Release.Version.Higher(order[j].Release.Version) })
	for _, o := range order {
		v := o.Release.Version
		if !v.Higher(inUse) {
			break
		}
		if _, err := trust.Verify(o.Release); err != nil {
			c.Refused = append(c.Refused, Refusal{o, err})
			continue
		}
		marked := marks.HasCrashed(v) || slices.Contains(marks.Failed, v)
		if marked && !marks.wants(o.Retry) {
			continue
		}
		c.Take, c.Retries = o, marked
		break
	}
	return c
}

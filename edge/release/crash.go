package release

// Crashes: whether a release ends the process that uses it. A board has no clock, but knows
// which boot this is and how long ago it was.

import "time"

// Use is a time during which a process has used a release that is not known to be good yet.
type Use struct {
	Boot  string        `json:"boot"`            // the board's boot id; empty: not known
	Began time.Duration `json:"began"`           // after the boot
	Ended bool          `json:"ended,omitempty"` // in good order, or with another release
}

// MaxUses is how many uses need be remembered.
const MaxUses = 8

const (
	// Two uses that end in a crash within shortUse, or three within longUse, are the release's fault.
	shortUse    = time.Minute
	longUse     = 10 * time.Minute
	shortMost   = 2
	longMost    = 3
	GoodAfter   = longUse // after so long in one process a release is good
	unknownBoot = ""
)

// Crashes reports whether the uses of a release, in their order, say that the release ends
// the process that uses it. now is the use that is about to begin.
//
// Only what happened since the board has booted counts: uses before were perhaps ended by a pulled
// plug. A use that has not ended in good order went on until the next one at most.
func Crashes(uses []Use, now Use) bool {
	if now.Boot == unknownBoot {
		return false
	}
	short, long := 0, 0
	for i, u := range uses {
		next := now
		if i+1 < len(uses) {
			next = uses[i+1]
		}
		if u.Ended || u.Boot != now.Boot || next.Boot != now.Boot || next.Began < u.Began {
			continue
		}
		switch lasted := next.Began - u.Began; {
		case lasted < shortUse:
			short++
			long++
		case lasted < longUse:
			long++
		}
	}
	return short >= shortMost || long >= longMost
}

// AddUse returns uses with one more, not more than MaxUses.
func AddUse(uses []Use, u Use) []Use {
	return append(uses[max(0, len(uses)-MaxUses+1):len(uses):len(uses)], u)
}

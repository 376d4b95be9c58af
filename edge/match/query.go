package match

// The questions and the answers of a scan.

import "fmt"

// Want says what a scan has to find out, and so how much work the scan does.
type Want uint8

const (
	WantMatches Want = iota // every match, overlapping ones too
	WantRules               // each matching rule, once
	WantFirst               // the first match in the order end, start, rule
	WantCount               // how many matches there are
	WantAny                 // whether anything matches
)

var wantNames = [...]string{"matches", "rules", "first", "count", "any"}

// String gives the name of w: matches, rules, first, count or any.
func (w Want) String() string {
	if int(w) < len(wantNames) {
		return wantNames[w]
	}
	return fmt.Sprintf("Want(%d)", uint8(w))
}

// ParseWant returns the want with a name that [Want.String] gives.
func ParseWant(s string) (Want, error) {
	for w, name := range wantNames {
		if s == name {
			return Want(w), nil
		}
	}
	return 0, fmt.Errorf("unknown want %q: use matches, rules, first, count or any", s)
}

// Query says what a scan looks for. The zero value asks for every match.
type Query struct {
	Want  Want
	Limit int // matches (or rules) per text at most; 0: no limit; no effect on first, count and any
	Total int // matches (or rules) per call at most, over all lines; 0: no limit; no effect on count and any

	// GivenUp has ScanLines hand out lines without a match, too, if a regex was given up there.
	GivenUp bool

	// Stop is called about every 64 KiB of text read by automata and regexes. true ends the scan
	// with the matches found until then (Result.Stopped). Stop may be nil.
	Stop func() bool
}

// Match is one match: text[Start:End] satisfies the rule.
type Match struct {
	Start, End int64  // bytes from the beginning of the text, or of the line
	Rule       uint32 // number of the rule in the order of Add
}

// Result is the result of one text. Its slices belong to the [Scratch] and hold until the scratch
// is used again.
type Result struct {
	Matches []Match  // for matches and first, in the order end, start, rule; for rules the first match of each rule
	Rules   []uint32 // for rules; in the order of each rule's first match
	Count   int64    // for count: all matches; else the length of Matches or Rules
	Any     bool     // something matched, whatever was wanted

	Truncated   bool     // Limit or Total left something out
	Stopped     bool     // Query.Stop ended the scan: there may be more
	Unsupported bool     // the engine cannot answer this want, so nothing was done; see Pack.Supports
	Incomplete  []uint32 // regex rules given up on for this text
}

// Line is the result of one line of a block. It holds until the callback returns.
type Line struct {
	Number int64 // from 1
	Offset int64 // of the line's first byte in the block
	Length int64 // bytes, without the '\n'
	Result
}

package match

// What a scan is asked for and what it gives back.

import "fmt"

// Want says what a scan is to find out, and so how much work it does.
type Want uint8

const (
	WantMatches Want = iota // every match, overlapping ones too
	WantRules               // each rule that matches, once
	WantFirst               // the first match in the order end, start, rule
	WantCount               // how many matches there are
	WantAny                 // whether anything matches
)

var wantNames = [...]string{"matches", "rules", "first", "count", "any"}

// String gives the name that the protocol uses.
func (w Want) String() string {
	if int(w) < len(wantNames) {
		return wantNames[w]
	}
	return fmt.Sprintf("Want(%d)", uint8(w))
}

// ParseWant is the opposite of [Want.String].
func ParseWant(s string) (Want, error) {
	for w, name := range wantNames {
		if s == name {
			return Want(w), nil
		}
	}
	return 0, fmt.Errorf("unknown want %q: use matches, rules, first, count or any", s)
}

// Query is what a scan is asked for. The zero value asks for every match.
type Query struct {
	Want  Want
	Limit int // most matches (or rules) per text; 0: no limit; no effect on first, count and any
	Total int // most matches (or rules) per call, over all lines; 0: no limit; no effect on count and any

	// GivenUp has ScanLines hand out lines without a match, too, if a regex was given up there.
	GivenUp bool

	// Stop is asked about every 64 KiB of text that is read, by regexes too;
	// true ends the scan with what it has (Result.Stopped). May be nil.
	Stop func() bool
}

// Match is one match: text[Start:End] satisfies the rule.
type Match struct {
	Start, End int64  // bytes from the beginning of the text, or of the line
	Rule       uint32 // number of the rule in the order of Add
}

// Result of one text. Its slices belong to the [Scratch] and hold until that
// is used again.
type Result struct {
	Matches []Match  // for matches and first, in the order end, start, rule; for rules each one's first
	Rules   []uint32 // for rules; in the order of each rule's first match
	Count   int64    // for count: all matches; else how many are in Matches or Rules
	Any     bool     // something matched, whatever was wanted

	Truncated   bool     // Limit or Total left something out
	Stopped     bool     // Query.Stop ended the scan: there may be more
	Unsupported bool     // the pack's engine cannot answer this want: nothing was done, see Pack.Supports
	Incomplete  []uint32 // regex rules that were given up on for this text
}

// Line is the result of one line of a block; it holds until the callback returns.
type Line struct {
	Number int64 // from 1
	Offset int64 // of the line's first byte in the block
	Length int64 // bytes, without the '\n'
	Result
}

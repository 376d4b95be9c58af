package watch

// What matches records: rules in this process, or a fleet.

import "context"

// Match is one match in one text.
type Match struct {
	Rules      string // rule set
	Rule       string
	Severity   string
	Message    string
	Tags       []string
	Start, End int64
	Groups     []Group
}

// Matcher finds what rules say in texts. Each source has one of its own, made by
// [Options.Matcher], and uses it from one goroutine.
type Matcher interface {
	// Match calls each for the matches in texts, in the order of the texts. The match and
	// what it points to hold until each returns. An error means that none of the
	// matches are known; the watcher asks again after a pause.
	Match(ctx context.Context, texts [][]byte, each func(text int, m *Match)) (Unsure, error)
	// Close gives back what the matcher holds.
	Close() error
}

// Unsure counts the records of which not all matches are known.
type Unsure struct {
	Incomplete int // regexes that were given up on, by record
	Truncated  int // records with more matches than are listed
	Refused    int // records that the broker does not take, for their size
}

func (u *Unsure) add(o Unsure) {
	u.Incomplete += o.Incomplete
	u.Truncated += o.Truncated
	u.Refused += o.Refused
}

// maxMatches is how many matches of one record are told about.
const maxMatches = 1000

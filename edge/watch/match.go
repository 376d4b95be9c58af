package watch

// The interface of matchers: rules in this process, or a fleet.

import "context"

// Match is a match in a text.
type Match struct {
	Rules      string // rule set
	Rule       string
	Severity   string
	Message    string
	Tags       []string
	Start, End int64
	Groups     []Group
}

// Matcher finds matches in texts. Each source has its own matcher, made by
// [Options.Matcher], and uses the matcher from one goroutine.
type Matcher interface {
	// Match calls each for the matches in texts, in the order of the texts. The match and
	// all values of the match hold until each returns. After an error no match is
	// known; the watcher asks again after a pause.
	Match(ctx context.Context, texts [][]byte, each func(text int, m *Match)) (Unsure, error)
	// Close frees the matcher.
	Close() error
}

// Unsure counts records with unknown matches.
type Unsure struct {
	Incomplete int // records on which regexes were given up
	Truncated  int // records with more matches than are listed
	Refused    int // records too large for the broker
}

func (u *Unsure) add(o Unsure) {
	u.Incomplete += o.Incomplete
	u.Truncated += o.Truncated
	u.Refused += o.Refused
}

// maxMatches bounds the matches told of one record.
const maxMatches = 1000

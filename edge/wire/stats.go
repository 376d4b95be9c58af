package wire

// Stats: the counters in a worker's heartbeats, and the costs of regexes.

import (
	"bytes"
	"encoding/json"
)

// WorkerStats are the counters of a worker since its start, sent with each heartbeat.
type WorkerStats struct {
	Requests      int64 `json:"requests"`
	Failed        int64 `json:"failed"`
	Texts         int64 `json:"texts"` // text frames, not lines
	Bytes         int64 `json:"bytes"`
	Matches       int64 `json:"matches"`
	BusyUS        int64 `json:"busy_us"`        // busy time of all slots together
	ResidentBytes int64 `json:"resident_bytes"` // 0: not known on the worker's system

	// Window is how many requests this broker may let the worker hold, while several brokers send
	// requests. 0: this broker has the whole window.
	Window int `json:"window,omitempty"`

	BoardStats
}

// BoardStats is the part of WorkerStats decided by the worker's board.
type BoardStats struct {
	// Slots is how many requests the worker works on at once now: fewer than in the Hello while the
	// board is hot or short of power. 0: as many as in the Hello.
	Slots   int             `json:"slots,omitempty"`
	Health  json.RawMessage `json:"health,omitempty"`
	UptimeS int64           `json:"uptime_s,omitempty"` // of the process
}

// ParseWorkerStats decodes the second frame of a worker's heartbeat. A broker of a thousand workers
// does this a thousand times a second. Frames in the form of this program are read in one pass, any
// other frame by encoding/json, with equal results. Health may be a view of frame.
func ParseWorkerStats(frame []byte) (*WorkerStats, error) {
	s := new(WorkerStats)
	if s.scan(frame) {
		return s, nil
	}
	*s = WorkerStats{}
	return s, json.Unmarshal(frame, s)
}

// scan decodes an object with keys of s and whole numbers, and with a flat object of numbers and
// booleans as health. scan returns false if frame is anything else.
func (s *WorkerStats) scan(frame []byte) bool {
	var window, slots int64
	rest, ok := scanObject(frame, func(key, rest []byte) ([]byte, bool) {
		var to *int64
		switch string(key) {
		case "requests":
			to = &s.Requests
		case "failed":
			to = &s.Failed
		case "texts":
			to = &s.Texts
		case "bytes":
			to = &s.Bytes
		case "matches":
			to = &s.Matches
		case "busy_us":
			to = &s.BusyUS
		case "resident_bytes":
			to = &s.ResidentBytes
		case "window":
			to = &window
		case "slots":
			to = &slots
		case "uptime_s":
			to = &s.UptimeS
		case "health":
			after, ok := scanObject(rest, skipScalar)
			s.Health = rest[:len(rest)-len(after)]
			return after, ok
		default:
			return nil, false
		}
		var ok bool
		*to, rest, ok = cutInt(rest)
		return rest, ok
	})
	s.Window, s.Slots = int(window), int(slots)
	return ok && len(rest) == 0 && int64(s.Window) == window && int64(s.Slots) == slots
}

// scanObject visits the members of the JSON object at the start of b. It calls value with the bytes
// after each key; value returns the bytes after the value. Keys must be of lower-case letters and
// underscores, without spaces between tokens. ok is false if b is anything else, or if value
// returns false.
func scanObject(b []byte, value func(key, rest []byte) ([]byte, bool)) (rest []byte, ok bool) {
	before := byte('{')
	for {
		if len(b) < 2 || b[0] != before || b[1] != '"' {
			return nil, false
		}
		b = b[2:]
		end := 0
		for end < len(b) && (b[end] >= 'a' && b[end] <= 'z' || b[end] == '_') {
			end++
		}
		if end+1 >= len(b) || b[end] != '"' || b[end+1] != ':' {
			return nil, false
		}
		if b, ok = value(b[:end], b[end+2:]); !ok || len(b) == 0 {
			return nil, false
		}
		if b[0] == '}' {
			return b[1:], true
		}
		before = ','
	}
}

// cutInt reads a whole number of at most 18 digits from the start of b.
func cutInt(b []byte) (n int64, rest []byte, ok bool) {
	rest, negative := bytes.CutPrefix(b, []byte{'-'})
	digits := countDigits(rest)
	if digits == 0 || digits > 18 || digits > 1 && rest[0] == '0' {
		return 0, nil, false
	}
	for _, c := range rest[:digits] {
		n = 10*n + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, rest[digits:], true
}

// skipScalar skips a boolean, or a number of JSON (RFC 8259, section 6) without an exponent.
func skipScalar(_, b []byte) (rest []byte, ok bool) {
	for _, word := range []string{"true", "false"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return b[len(word):], true
		}
	}
	b, _ = bytes.CutPrefix(b, []byte{'-'})
	whole := countDigits(b)
	if whole == 0 || whole > 1 && b[0] == '0' {
		return nil, false
	}
	b, hasPart := bytes.CutPrefix(b[whole:], []byte{'.'})
	part := countDigits(b)
	return b[part:], !hasPart || part > 0
}

func countDigits(b []byte) int {
	for n, c := range b {
		if c < '0' || c > '9' {
			return n
		}
	}
	return len(b)
}

// Bounds of Costs.
const (
	MaxCosts    = 10  // regexes of a rule set
	MaxAllCosts = 200 // regexes of all rule sets, and as many rules with matches
	MaxCostRule = 128 // bytes of the id of a rule

	MaxRuleMatches = 20 // rules of a rule set with matches
)

// Costs are the costs of regexes on a worker, sent every few seconds as the third frame of a
// heartbeat.
type Costs struct {
	// Source names the counters. The workers of a process share counters and source; each source
	// counts once.
	Source string     `json:"source"`
	Sets   []SetCosts `json:"sets"`
}

// SetCosts are the costs of a pack's regexes, and the rules with the most matches, since the worker
// opened the pack.
type SetCosts struct {
	Name    string      `json:"name"` // of the rule set
	Hash    string      `json:"hash"` // of the pack
	TimeUS  int64       `json:"time_us"`
	Regexes []RegexCost `json:"regexes"` // the most expensive, at most MaxCosts

	Rules   int           `json:"rules,omitempty"`         // number of rules in the pack
	Matched int           `json:"rules_matched,omitempty"` // number of rules with a match
	Matches []RuleMatches `json:"matches,omitempty"`       // of the most frequent rules, at most MaxRuleMatches
}

// RuleMatches is how often a rule has matched: matches listed by answers.
type RuleMatches struct {
	Rule    string `json:"rule"` // id; in Costs cut to MaxCostRule bytes
	Matches uint64 `json:"matches"`
}

// AllRuleMatches is a worker's answer to OpRuleMatches.
type AllRuleMatches struct {
	Source  string        `json:"source"`            // of the counters, as in Costs
	Rules   int           `json:"rules"`             // number of rules in the pack
	Matched int           `json:"rules_matched"`     // number of rules with a match
	Matches []RuleMatches `json:"matches"`           // the most frequent first; rules without a match last
	Omitted int           `json:"omitted,omitempty"` // number of rules left out for want of room
}

// RuleSetMatches is how often a rule has matched on all workers together.
type RuleSetMatches struct {
	RuleSet string `json:"rule_set"`
	RuleMatches
	Workers int `json:"workers"` // number of processes that name the rule among their most frequent
}

// RegexCost is the cost of a regex.
type RegexCost struct {
	Rule     string `json:"rule"`     // id, cut to MaxCostRule bytes
	Verified int64  `json:"verified"` // texts or lines searched by the regex
	Matched  int64  `json:"matched"`  // texts or lines with a match
	GivenUp  int64  `json:"given_up"` // texts or lines where the regex was given up
	Bytes    int64  `json:"bytes"`    // read by the regex
	TimeUS   int64  `json:"time_us"`  // estimated
}

// Add adds the costs of the regex on another worker.
func (c *RegexCost) Add(o *RegexCost) {
	c.Verified += o.Verified
	c.Matched += o.Matched
	c.GivenUp += o.GivenUp
	c.Bytes += o.Bytes
	c.TimeUS += o.TimeUS
}

// Subtract undoes Add.
func (c *RegexCost) Subtract(o *RegexCost) {
	c.Verified -= o.Verified
	c.Matched -= o.Matched
	c.GivenUp -= o.GivenUp
	c.Bytes -= o.Bytes
	c.TimeUS -= o.TimeUS
}

// RuleCost is the cost of a regex on all workers together.
type RuleCost struct {
	RuleSet string `json:"rule_set"`
	RegexCost
	Workers int     `json:"workers"` // processes with this regex among their most expensive
	Share   float64 `json:"share"`   // of the time of all regexes of the rule set, from 0 to 1
}

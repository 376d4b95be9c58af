package wire

// Costs is what regexes have cost on a worker. It comes every few seconds, as
// the third frame of a heartbeat.
type Costs struct {
	// Source names the counters: workers of one process have them in common,
	// and then report the same, which counts once.
	Source string     `json:"source"`
	Sets   []SetCosts `json:"sets"`
}

// SetCosts is what the regexes of a pack have cost, and which rules match most, since the worker opened
// the pack.
type SetCosts struct {
	Name    string      `json:"name"` // of the rule set
	Hash    string      `json:"hash"` // of the pack
	TimeUS  int64       `json:"time_us"`
	Regexes []RegexCost `json:"regexes"` // the most expensive ones, MaxCosts at most

	Rules   int           `json:"rules,omitempty"`         // of the pack
	Matched int           `json:"rules_matched,omitempty"` // of them, those that have matched
	Matches []RuleMatches `json:"matches,omitempty"`       // of the most frequent ones, MaxRuleMatches at most
}

// RuleMatches is how often a rule has matched: matches that answers list.
type RuleMatches struct {
	Rule    string `json:"rule"` // id; in Costs cut to MaxCostRule bytes
	Matches uint64 `json:"matches"`
}

// AllRuleMatches is the document that a worker answers OpRuleMatches with.
type AllRuleMatches struct {
	Source  string        `json:"source"`            // of the counters, as in Costs
	Rules   int           `json:"rules"`             // of the pack
	Matched int           `json:"rules_matched"`     // of them, those that have matched
	Matches []RuleMatches `json:"matches"`           // the most frequent first; those that never matched last
	Omitted int           `json:"omitted,omitempty"` // rules for which there was no room
}

// RuleSetMatches is how often a rule has matched on all workers together.
type RuleSetMatches struct {
	RuleSet string `json:"rule_set"`
	RuleMatches
	Workers int `json:"workers"` // processes that name it among their most frequent ones
}

// RegexCost is what one regex has cost.
type RegexCost struct {
	Rule     string `json:"rule"`     // id, cut to MaxCostRule bytes
	Verified int64  `json:"verified"` // texts or lines it ran on
	Matched  int64  `json:"matched"`  // of these, those with a match
	GivenUp  int64  `json:"given_up"` // of these, those it was given up on
	Bytes    int64  `json:"bytes"`    // read by it
	TimeUS   int64  `json:"time_us"`  // estimated
}

// Add adds what the regex has cost elsewhere.
func (c *RegexCost) Add(o *RegexCost) {
	c.Verified += o.Verified
	c.Matched += o.Matched
	c.GivenUp += o.GivenUp
	c.Bytes += o.Bytes
	c.TimeUS += o.TimeUS
}

// Subtract takes back what Add has added.
func (c *RegexCost) Subtract(o *RegexCost) {
	c.Verified -= o.Verified
	c.Matched -= o.Matched
	c.GivenUp -= o.GivenUp
	c.Bytes -= o.Bytes
	c.TimeUS -= o.TimeUS
}

// Bounds of a Costs.
const (
	MaxCosts    = 10  // regexes of a rule set
	MaxAllCosts = 200 // regexes of all rule sets, and as many rules with their matches
	MaxCostRule = 128 // bytes of a rule's id

	MaxRuleMatches = 20 // rules of a rule set with their matches
)

// RuleCost is what a regex has cost on all workers together.
type RuleCost struct {
	RuleSet string `json:"rule_set"`
	RegexCost
	Workers int     `json:"workers"` // processes that name it among their most expensive ones
	Share   float64 `json:"share"`   // of the time that all regexes of its rule set took, from 0 to 1
}

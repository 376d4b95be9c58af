package wire

// Messages between worker and broker in JSON: hello, welcome, update.

import (
	"encoding/json"

	"trawl/edge/escape"
)

// ProtocolVersion is the version of the protocol here. Peers of another major version are refused.
const ProtocolVersion = "1.0"

// Bounds for brokers and workers alike.
const (
	// MissedHeartbeats is after how many heartbeats without a message a peer counts as lost.
	MissedHeartbeats = 3
	// WindowPerSlot is how many requests a worker holds at most for each slot, of all brokers
	// together.
	WindowPerSlot = 32
	// MaxSlots is how many slots a worker may have.
	MaxSlots = 1024
	// MaxRuleSets is how many rule sets a worker may serve. To choose the next request for a worker,
	// a broker looks at each rule set with waiting requests.
	MaxRuleSets = 400
	// MaxReloadError bounds the bytes of the error in a FailedReload.
	MaxReloadError = 2 << 10
)

// Hello is a worker's announcement of itself.
type Hello struct {
	Protocol string          `json:"protocol"`
	Version  string          `json:"version"` // of the program
	Name     string          `json:"name"`
	Nonce    string          `json:"nonce"` // of the process: a worker is identified by name and nonce
	Rules    []ServedRules   `json:"rules"`
	Slots    int             `json:"slots"`             // requests worked on at once
	Window   int             `json:"window,omitempty"`  // max requests to hold; 0: the broker decides
	Reclaim  bool            `json:"reclaim,omitempty"` // the worker understands reclaims and cancels
	Board    json.RawMessage `json:"board,omitempty"`   // the board's description
	// Releases are the rule sets that take releases, with the release in use.
	Releases []ReleaseID `json:"releases,omitempty"`
}

// ServedRules is a rule set of a worker.
type ServedRules struct {
	Name    string `json:"name"`
	Hash    string `json:"hash"` // SHA-256 of the pack, 64 hex digits
	Engine  string `json:"engine,omitempty"`
	Rules   int    `json:"rules"`
	Regexes int    `json:"regexes"`        // regexes among the rules
	Bytes   int64  `json:"bytes"`          // of the pack
	Scan    string `json:"scan,omitempty"` // how the worker scans with the pack, and why; for people
	// Longest is the length of the longest literal in bytes: how far pieces of a long line must
	// overlap.
	Longest int `json:"longest"`
	// FailedReload is absent if the files are loaded as they are now.
	FailedReload *FailedReload `json:"failed_reload,omitempty"`
	// Unreadable: the file of the pack cannot be read any more, nor be made again. The worker answers
	// no request for the rule set until an announcement without Unreadable.
	Unreadable bool `json:"unreadable,omitempty"`
}

// FailedReload means: the rules of a rule set could not be loaded again, and the old pack is in use.
type FailedReload struct {
	Error string `json:"error"` // for people; at most MaxReloadError bytes
	// AgeS is the age of the failure in seconds: at the sending of a worker's message, or at the
	// making of a broker's status.
	AgeS int64 `json:"age_s"`
}

// Welcome is a broker's answer to an accepted Hello.
type Welcome struct {
	Protocol    string `json:"protocol"`
	Version     string `json:"version"`
	Broker      string `json:"broker"`
	HeartbeatMS int64  `json:"heartbeat_ms"`      // max time between messages until a heartbeat says another; after MissedHeartbeats of silence a peer is lost
	Hops        int    `json:"hops"`              // how many workers may pass a request on; 0: the broker takes no sub-requests
	Updates     bool   `json:"updates,omitempty"` // the broker takes Updates
	// Releases: the broker takes Fetch and Outcome, and sends goals.
	Releases bool `json:"releases,omitempty"`
}

// Update replaces the rules of a worker's Hello. It goes only to brokers with Updates in the Welcome.
type Update struct {
	Rules []ServedRules `json:"rules"`
}

// JSONFrame returns a frame with v, a struct of this package, in JSON. Hidden characters in strings
// are escaped; see [escape.JSON].
func JSONFrame(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: " + err.Error()) // unreachable: every field can be marshalled
	}
	return escape.JSON(b)
}

// RuleNames returns the names of sets in the form of RulesName.
func RuleNames(sets []ServedRules) []string {
	names := make([]string, len(sets))
	for i := range sets {
		names[i] = RulesName(sets[i].Name, sets[i].Hash)
	}
	return names
}

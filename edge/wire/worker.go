package wire

// What a worker and a broker tell each other in JSON: hello, welcome, update.

import (
	"encoding/json"

	"trawl/edge/escape"
)

// ProtocolVersion is the version that this package speaks. A peer of another major version is
// refused.
const ProtocolVersion = "1.0"

// Bounds that brokers and workers agree on.
const (
	// MissedHeartbeats is after how many heartbeats without a message a peer counts as lost.
	MissedHeartbeats = 3
	// WindowPerSlot is how many requests a worker holds at most for each of its slots, of all its
	// brokers together.
	WindowPerSlot = 32
	// MaxSlots is how many slots a worker may have.
	MaxSlots = 1024
	// MaxRuleSets is how many rule sets a worker may serve. To choose the next request, a broker
	// looks at each of them, if requests wait for most of them.
	MaxRuleSets = 400
	// MaxReloadError bounds the bytes of the error in a FailedReload.
	MaxReloadError = 2 << 10
)

// Hello is what a worker says of itself.
type Hello struct {
	Protocol string          `json:"protocol"`
	Version  string          `json:"version"` // of the program
	Name     string          `json:"name"`
	Nonce    string          `json:"nonce"` // of the process: the same name and nonce are the same worker
	Rules    []ServedRules   `json:"rules"`
	Slots    int             `json:"slots"`             // requests that it works on at once
	Window   int             `json:"window,omitempty"`  // max requests that it wants to hold; 0: the broker decides
	Reclaim  bool            `json:"reclaim,omitempty"` // it understands reclaims and cancels
	Board    json.RawMessage `json:"board,omitempty"`   // which board it runs on
}

// ServedRules is one rule set that a worker serves.
type ServedRules struct {
	Name    string `json:"name"`
	Hash    string `json:"hash"` // SHA-256 of the pack, 64 hex digits
	Engine  string `json:"engine,omitempty"`
	Rules   int    `json:"rules"`
	Regexes int    `json:"regexes"`        // rules that are regexes
	Bytes   int64  `json:"bytes"`          // of the pack
	Scan    string `json:"scan,omitempty"` // how the worker scans with the pack, and why; for people
	// Longest is the length of the longest literal in bytes: how far pieces of a long line must
	// overlap.
	Longest int `json:"longest"`
	// FailedReload is absent if the rules are those of the files.
	FailedReload *FailedReload `json:"failed_reload,omitempty"`
	// Unreadable: the file of the pack cannot be read any more, nor be made again. The worker answers
	// no request for the rule set until another announcement says that it can.
	Unreadable bool `json:"unreadable,omitempty"`
}

// FailedReload says that the rules of a rule set could not be loaded again, so the pack in use is
// the one from before.
type FailedReload struct {
	Error string `json:"error"` // for people; at most MaxReloadError bytes
	// AgeS is how many seconds before the message loading failed. In a status it counts back from
	// when the broker made the status.
	AgeS int64 `json:"age_s"`
}

// Welcome is the answer of a broker that accepts a Hello.
type Welcome struct {
	Protocol    string `json:"protocol"`
	Version     string `json:"version"`
	Broker      string `json:"broker"`
	HeartbeatMS int64  `json:"heartbeat_ms"`      // send something at least this often; a peer that is silent for three of them is lost
	Hops        int    `json:"hops"`              // how many workers may pass a request on; 0: the broker takes no sub-requests
	Updates     bool   `json:"updates,omitempty"` // the broker takes Updates
}

// Update says what a worker serves from now on, in place of the rules in its Hello. It goes only to
// brokers whose Welcome says that they take it.
type Update struct {
	Rules []ServedRules `json:"rules"`
}

// JSONFrame returns a frame that carries v, one of the structs of this package. Hidden characters in
// strings are escaped; see [escape.JSON].
func JSONFrame(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: " + err.Error()) // unreachable: the structs hold nothing that cannot be marshalled
	}
	return escape.JSON(b)
}

// RuleNames returns the names of sets as answers print them; see RulesName.
func RuleNames(sets []ServedRules) []string {
	names := make([]string, len(sets))
	for i := range sets {
		names[i] = RulesName(sets[i].Name, sets[i].Hash)
	}
	return names
}

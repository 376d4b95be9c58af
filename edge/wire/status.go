package wire

// Documents in the answers to control requests.

import "encoding/json"

// Pong is the document for a ping.
type Pong struct {
	Broker   string `json:"broker"`
	Version  string `json:"version"`
	Protocol string `json:"protocol"`
}

// Status is the document for a status request.
type Status struct {
	Broker   BrokerStatus    `json:"broker"`
	RuleSets []RuleSetStatus `json:"rule_sets"`
	Workers  []WorkerStatus  `json:"workers"`
	Costs    []RuleCost      `json:"costs"` // the most expensive regexes, by falling cost

	RuleMatches []RuleSetMatches `json:"rule_matches"` // the 20 rules that match most, the most frequent first

	// RefusedWorkers are the workers refused in the last 30 s, at most 64. A refused worker asks
	// again every few seconds.
	RefusedWorkers []RefusedWorker `json:"refused_workers,omitempty"`

	// Watchers are those that have reported lately, by name and address; at most 64.
	Watchers []WatcherStatus `json:"watchers,omitempty"`
}

// RefusedWorker describes a refused worker.
type RefusedWorker struct {
	Name    string `json:"name,omitempty"` // absent: refused before the hello
	Address string `json:"address"`
	Reason  string `json:"reason"`
	Times   int64  `json:"times"` // number of refusals
	AgoS    int64  `json:"ago_s"` // seconds since the latest refusal
}

// BrokerStatus describes the broker itself. Counters count since the broker's start.
type BrokerStatus struct {
	Name             string           `json:"name"`
	Version          string           `json:"version"`
	Protocol         string           `json:"protocol"`
	UptimeS          int64            `json:"uptime_s"`
	Draining         bool             `json:"draining"`
	ClientsAt        []string         `json:"clients_at"` // endpoints bound
	WorkersAt        []string         `json:"workers_at"`
	HTTPAt           string           `json:"http_at,omitempty"` // HOST:PORT; absent: off
	Clients          int              `json:"clients"`           // connected now
	Pending          int              `json:"pending"`           // requests without an answer
	PendingBytes     int64            `json:"pending_bytes"`
	ResidentBytes    int64            `json:"resident_bytes"` // 0: not known on this system
	Requests         int64            `json:"requests"`
	Answers          map[string]int64 `json:"answers"`           // by outcome: ok, or an error code
	BufferedBytes    int64            `json:"buffered_bytes"`    // answers not read by clients yet, and requests half read
	Retried          int64            `json:"retried"`           // requests dispatched again after a worker was lost
	Reclaimed        int64            `json:"reclaimed"`         // requests given back by a worker before their start
	SubRequests      int64            `json:"sub_requests"`      // requests of workers while working on a parent
	Cancelled        int64            `json:"cancelled"`         // dispatches dropped because nobody waits for the answer
	HedgedSilent     int64            `json:"hedged_silent"`     // requests dispatched to a second worker because the first was silent
	HedgedSlow       int64            `json:"hedged_slow"`       // requests dispatched to a second worker because the first was slow
	HedgesWon        int64            `json:"hedges_won"`        // hedged requests answered first by the second worker
	ClientsThrottled int64            `json:"clients_throttled"` // how often requests waited until their client read answers
	StaleAnswers     int64            `json:"stale_answers"`     // answers of workers after nobody waited any more
	Refused          map[string]int64 `json:"refused"`           // refused peers, by reason: security, protocol, …
	SlowConsumers    int64            `json:"slow_consumers"`    // clients closed for not reading
	StalledSenders   int64            `json:"stalled_senders"`   // clients closed for stopping in the middle of a request

	RuleSetsOmitted int `json:"rule_sets_omitted,omitempty"` // rule sets not listed, because there are too many
}

// RuleSetStatus describes a rule set, or a name@hash from requests.
type RuleSetStatus struct {
	Name     string   `json:"name"`
	Hashes   []string `json:"hashes"` // packs served now
	Workers  int      `json:"workers"`
	Queued   int      `json:"queued"`
	Expected bool     `json:"expected"`          // named in the configuration
	Mixed    bool     `json:"mixed,omitempty"`   // served by plain and trawl workers: answers have two forms in turn
	Latency  *Latency `json:"latency,omitempty"` // absent until the first answer

	// RulesNeverMatched is how many of its rules have not matched on the worker on which most have;
	// absent: no worker has said it.
	RulesNeverMatched *int `json:"rules_never_matched,omitempty"`
}

// Latency is the time from arrival to answer of all requests since the broker's start, in
// milliseconds. The quantiles are right to within a fifth.
type Latency struct {
	Answers int64   `json:"answers"`
	P50     float64 `json:"p50_ms"`
	P95     float64 `json:"p95_ms"`
	P99     float64 `json:"p99_ms"`
}

// WorkerStatus describes a connected worker.
type WorkerStatus struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"` // trawl, or plain (a REP of any language)
	Address string        `json:"address"`
	Version string        `json:"version,omitempty"`
	Rules   []ServedRules `json:"rules"`
	// RulesOmitted counts rule sets of the worker not listed, because all workers together serve too
	// many.
	RulesOmitted int             `json:"rules_omitted,omitempty"`
	Slots        int             `json:"slots"`             // requests worked on at once now
	MaxSlots     int             `json:"max_slots"`         // requests worked on at once while the board is well
	Window       int             `json:"window"`            // max requests held, as the broker decides
	Outstanding  int             `json:"outstanding"`       // requests held now
	Waiting      int             `json:"waiting,omitempty"` // outstanding requests waiting for sub-requests
	Answered     int64           `json:"answered"`          // for this broker, on this connection
	State        string          `json:"state"`             // ready, draining, silent (has work, and has answered nothing for 10 s), failing (the latest answers were internal errors)
	Stats        *WorkerStats    `json:"stats,omitempty"`
	Board        json.RawMessage `json:"board,omitempty"` // the board's description; the board's health is in Stats
}

package wire

import "encoding/json"

// Pong is the document that a ping answers with.
type Pong struct {
	Broker   string `json:"broker"`
	Version  string `json:"version"`
	Protocol string `json:"protocol"`
}

// Status is the document that a status request answers with.
type Status struct {
	Broker   BrokerStatus    `json:"broker"`
	RuleSets []RuleSetStatus `json:"rule_sets"`
	Workers  []WorkerStatus  `json:"workers"`
	Costs    []RuleCost      `json:"costs"` // the most expensive regexes, the most expensive first

	RuleMatches []RuleSetMatches `json:"rule_matches"` // the 20 rules that match most, the most frequent first

	// RefusedWorkers are those that were turned away in the last 30 s, as they ask again
	// every few seconds; at most 64.
	RefusedWorkers []RefusedWorker `json:"refused_workers,omitempty"`
}

// RefusedWorker describes a worker that stands outside.
type RefusedWorker struct {
	Name    string `json:"name,omitempty"` // absent: it has not said it
	Address string `json:"address"`
	Reason  string `json:"reason"`
	Times   int64  `json:"times"` // it was refused
	AgoS    int64  `json:"ago_s"` // seconds since the last time
}

// BrokerStatus describes the broker itself. Counters count since its start.
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
	Pending          int              `json:"pending"`           // requests not answered yet
	PendingBytes     int64            `json:"pending_bytes"`
	ResidentBytes    int64            `json:"resident_bytes"` // 0: not known on this system
	Requests         int64            `json:"requests"`
	Answers          map[string]int64 `json:"answers"`           // by outcome: ok, or an error code
	BufferedBytes    int64            `json:"buffered_bytes"`    // answers that clients have not taken yet, and requests half read
	Retried          int64            `json:"retried"`           // dispatched again after a worker was lost
	Reclaimed        int64            `json:"reclaimed"`         // given back by a worker that had not begun them, for another
	SubRequests      int64            `json:"sub_requests"`      // asked by workers, for the sake of requests that they had
	Cancelled        int64            `json:"cancelled"`         // told a worker that nobody waits for them any more
	HedgedSilent     int64            `json:"hedged_silent"`     // given to a second worker because the first was silent
	HedgedSlow       int64            `json:"hedged_slow"`       // given to a second worker because the first was slow
	HedgesWon        int64            `json:"hedges_won"`        // copied or hedged, and answered by the second worker first
	ClientsThrottled int64            `json:"clients_throttled"` // times that a client's requests waited until it had read answers
	StaleAnswers     int64            `json:"stale_answers"`     // worker answers that nobody waited for any more
	Refused          map[string]int64 `json:"refused"`           // peers that did not get in, by reason: security, protocol, …
	SlowConsumers    int64            `json:"slow_consumers"`    // clients closed because they did not read
	StalledSenders   int64            `json:"stalled_senders"`   // clients closed because they stopped in the middle of a request

	RuleSetsOmitted int `json:"rule_sets_omitted,omitempty"` // not listed, because there are too many
}

// RuleSetStatus describes one rule set, or one name@hash that was asked for.
type RuleSetStatus struct {
	Name     string   `json:"name"`
	Hashes   []string `json:"hashes"` // packs served now
	Workers  int      `json:"workers"`
	Queued   int      `json:"queued"`
	Expected bool     `json:"expected"`          // the configuration names it
	Mixed    bool     `json:"mixed,omitempty"`   // plain and trawl workers serve it: answers have two forms in turn
	Latency  *Latency `json:"latency,omitempty"` // absent until the first answer

	// RulesNeverMatched is how many of its rules have not matched on the worker on which most have;
	// absent: no worker has said it.
	RulesNeverMatched *int `json:"rules_never_matched,omitempty"`
}

// Latency is how long requests took from their arrival to their answer, in
// milliseconds, since the broker's start: quantiles to within a fifth.
type Latency struct {
	Answers int64   `json:"answers"`
	P50     float64 `json:"p50_ms"`
	P95     float64 `json:"p95_ms"`
	P99     float64 `json:"p99_ms"`
}

// WorkerStatus describes one connected worker.
type WorkerStatus struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"` // trawl, or plain (a REP of any language)
	Address string    `json:"address"`
	Version string    `json:"version,omitempty"`
	Rules   []RuleSet `json:"rules"`
	// RulesOmitted is how many rule sets more it serves, which are not listed because all workers
	// together serve too many.
	RulesOmitted int             `json:"rules_omitted,omitempty"`
	Slots        int             `json:"slots"`             // requests it works on at once
	MaxSlots     int             `json:"max_slots"`         // the same when its board is well
	Window       int             `json:"window"`            // most requests it gets to hold
	Outstanding  int             `json:"outstanding"`       // requests it holds
	Waiting      int             `json:"waiting,omitempty"` // of them, those that wait for what the worker has asked itself
	Answered     int64           `json:"answered"`          // for this broker, over this connection
	State        string          `json:"state"`             // ready, draining, silent (has work, and has answered nothing for 10 s), failing (its latest answers were internal errors)
	Stats        *WorkerStats    `json:"stats,omitempty"`
	Board        json.RawMessage `json:"board,omitempty"` // what board it is; how it feels is in Stats
}

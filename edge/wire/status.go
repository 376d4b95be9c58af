package wire

// Documents that control requests answer with.

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
	Costs    []RuleCost      `json:"costs"` // the most expensive regexes, the most expensive one first

	// RefusedWorkers are the workers that the broker has refused in the last 30 s, at most 64. A
	// refused worker asks again every few seconds.
	RefusedWorkers []RefusedWorker `json:"refused_workers,omitempty"`
}

// RefusedWorker describes a worker that the broker refuses.
type RefusedWorker struct {
	Name    string `json:"name,omitempty"` // absent: refused before its hello
	Address string `json:"address"`
	Reason  string `json:"reason"`
	Times   int64  `json:"times"` // how often it was refused
	AgoS    int64  `json:"ago_s"` // seconds since the latest refusal
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
	Pending          int              `json:"pending"`           // requests without an answer
	PendingBytes     int64            `json:"pending_bytes"`
	ResidentBytes    int64            `json:"resident_bytes"` // 0: not known on this system
	Requests         int64            `json:"requests"`
	Answers          map[string]int64 `json:"answers"`           // by outcome: ok, or an error code
	BufferedBytes    int64            `json:"buffered_bytes"`    // answers that clients have not read, and requests that are half read
	Retried          int64            `json:"retried"`           // requests dispatched again after a worker was lost
	Reclaimed        int64            `json:"reclaimed"`         // requests that a worker gave back before it started them
	SubRequests      int64            `json:"sub_requests"`      // requests of workers while they worked on others
	Cancelled        int64            `json:"cancelled"`         // dispatches that a worker was told to drop, as nobody waits for them
	HedgedSilent     int64            `json:"hedged_silent"`     // requests dispatched to a second worker because the first was silent
	HedgedSlow       int64            `json:"hedged_slow"`       // requests dispatched to a second worker because the first was slow
	HedgesWon        int64            `json:"hedges_won"`        // hedged requests that the second worker answered first
	ClientsThrottled int64            `json:"clients_throttled"` // times that a client's requests waited until it read answers
	StaleAnswers     int64            `json:"stale_answers"`     // answers of workers that nobody waited for any more
	Refused          map[string]int64 `json:"refused"`           // peers that were not let in, by reason: security, protocol, …
	SlowConsumers    int64            `json:"slow_consumers"`    // clients closed because they did not read
	StalledSenders   int64            `json:"stalled_senders"`   // clients closed because they stopped in the middle of a request

	RuleSetsOmitted int `json:"rule_sets_omitted,omitempty"` // rule sets that are not listed, because there are too many
}

// RuleSetStatus describes a rule set, or a name@hash that was asked for.
type RuleSetStatus struct {
	Name     string   `json:"name"`
	Hashes   []string `json:"hashes"` // packs that are served now
	Workers  int      `json:"workers"`
	Queued   int      `json:"queued"`
	Expected bool     `json:"expected"`          // the configuration names it
	Mixed    bool     `json:"mixed,omitempty"`   // plain and trawl workers serve it, so answers have two forms in turn
	Latency  *Latency `json:"latency,omitempty"` // absent until the first answer
}

// Latency is how long requests took from their arrival to their answer since the broker's start, in
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
	// RulesOmitted is how many rule sets of the worker are not listed, because all workers together
	// serve too many.
	RulesOmitted int             `json:"rules_omitted,omitempty"`
	Slots        int             `json:"slots"`             // requests that it works on at once now
	MaxSlots     int             `json:"max_slots"`         // requests that it works on at once while its board is well
	Window       int             `json:"window"`            // max requests that the broker lets it hold
	Outstanding  int             `json:"outstanding"`       // requests that it holds
	Waiting      int             `json:"waiting,omitempty"` // outstanding requests that wait for sub-requests
	Answered     int64           `json:"answered"`          // for this broker, on this connection
	State        string          `json:"state"`             // ready, draining, silent (has work, and has answered nothing for 10 s), failing (its latest answers were internal errors)
	Stats        *WorkerStats    `json:"stats,omitempty"`
	Board        json.RawMessage `json:"board,omitempty"` // which board it runs on; the health of the board is in Stats
}

package broker

// The counters of the router, and the one table that names and explains each of them.

import "trawl/edge/wire"

// counters count since the start. Requests by outcome are counted apart; counterTable says
// what each other counter counts.
type counters struct {
	requests         int64            // all outcomes
	ok               int64            // the outcome of nearly all, so it is not in outcomes
	outcomes         map[string]int64 // by error code, or another word for status
	received         int64
	sent             int64
	retried          int64
	reclaimed        int64
	subRequests      int64
	cancelled        int64
	hedgedSilent     int64
	hedgedSlow       int64
	hedgesWon        int64
	staleAnswers     int64
	clientsThrottled int64
	slowConsumers    int64
	stalledSenders   int64
}

// counter is a row of counterTable.
type counter struct {
	name   string // metric trawl_broker_NAME_total; with a reason the family of several rows
	reason string // value of the label reason; empty: no label
	help   string // of the metric, in docs/metrics.md too; empty: in status alone, or said by the row before
	field  func(*counters) *int64
	status func(*wire.BrokerStatus) *int64 // nil: in metrics alone
}

// counterTable has the counters in the order of docs/metrics.md. A new counter is a field of
// counters, a row here, and a field of wire.BrokerStatus.
var counterTable = []counter{
	{
		"received_bytes", "", "Requests of clients, without their envelopes.",
		func(c *counters) *int64 { return &c.received }, nil,
	},
	{
		"sent_bytes", "", "Answers to clients.",
		func(c *counters) *int64 { return &c.sent }, nil,
	},
	{
		"retried", "", "Requests given to another worker after theirs was lost.",
		func(c *counters) *int64 { return &c.retried }, func(s *wire.BrokerStatus) *int64 { return &s.Retried },
	},
	{
		"reclaimed", "", "Requests given back by a worker that had not begun them.",
		func(c *counters) *int64 { return &c.reclaimed }, func(s *wire.BrokerStatus) *int64 { return &s.Reclaimed },
	},
	{
		"sub_requests", "", "",
		func(c *counters) *int64 { return &c.subRequests }, func(s *wire.BrokerStatus) *int64 { return &s.SubRequests },
	},
	{
		"cancelled", "", "Requests that a worker was told to forget.",
		func(c *counters) *int64 { return &c.cancelled }, func(s *wire.BrokerStatus) *int64 { return &s.Cancelled },
	},
	{
		"hedged_silent", "", "Requests given to a second worker because the first was silent.",
		func(c *counters) *int64 { return &c.hedgedSilent }, func(s *wire.BrokerStatus) *int64 { return &s.HedgedSilent },
	},
	{
		"hedged_slow", "", "Requests given to a second worker because the first was slow.",
		func(c *counters) *int64 { return &c.hedgedSlow }, func(s *wire.BrokerStatus) *int64 { return &s.HedgedSlow },
	},
	{
		"hedges_won", "", "Copied or hedged requests that the second worker answered first.",
		func(c *counters) *int64 { return &c.hedgesWon }, func(s *wire.BrokerStatus) *int64 { return &s.HedgesWon },
	},
	{
		"stale_answers", "", "Answers of workers that nobody waited for any more.",
		func(c *counters) *int64 { return &c.staleAnswers }, func(s *wire.BrokerStatus) *int64 { return &s.StaleAnswers },
	},
	{
		"clients_throttled", "", "Times that a client's requests waited until it had read its answers.",
		func(c *counters) *int64 { return &c.clientsThrottled }, func(s *wire.BrokerStatus) *int64 { return &s.ClientsThrottled },
	},
	{
		"clients_closed", "slow_consumer", "Clients closed: slow_consumer (did not read), stalled_sender (stopped in the middle of a request).",
		func(c *counters) *int64 { return &c.slowConsumers }, func(s *wire.BrokerStatus) *int64 { return &s.SlowConsumers },
	},
	{
		"clients_closed", "stalled_sender", "",
		func(c *counters) *int64 { return &c.stalledSenders }, func(s *wire.BrokerStatus) *int64 { return &s.StalledSenders },
	},
}

// counterFamilies makes the metrics of counterTable, one for each row; nil: status alone.
func counterFamilies() (all []*metric) {
	var m *metric
	for i := range counterTable {
		c := &counterTable[i]
		switch {
		case c.reason == "" && c.help == "":
			m = nil
		case c.reason == "":
			m = family("counter", "trawl_broker_"+c.name+"_total", c.help)
		case c.help != "":
			m = family("counter", "trawl_broker_"+c.name+"_total", c.help, "reason")
		}
		all = append(all, m)
	}
	return all
}

// writeTo sets the fields of a status.
func (c *counters) writeTo(s *wire.BrokerStatus) {
	for i := range counterTable {
		if row := &counterTable[i]; row.status != nil {
			*row.status(s) = *row.field(c)
		}
	}
}

// counters writes the counters as metrics.
func (e *promText) counters(c *counters) {
	for i := range counterTable {
		row := &counterTable[i]
		switch {
		case mCounters[i] == nil:
		case row.reason == "":
			e.count(mCounters[i], *row.field(c))
		default:
			e.count(mCounters[i], *row.field(c), row.reason)
		}
	}
}

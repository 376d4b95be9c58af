package broker

// The options of a broker, their defaults and checks.

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Options configure a broker. The zero value of a field is its default.
type Options struct {
	Name    string // in logs, status and the workers' logs; default: the host's name
	Version string // of the program

	Clients []string // endpoints for clients
	Workers []string // endpoints for workers
	Plain   []Plain  // further endpoints for plain workers
	// Insecure allows endpoints that other machines can reach without keys.
	Insecure bool
	Security Security // default: none

	// ExpectRules and ExpectWorkers are waited for even if never seen.
	ExpectRules, ExpectWorkers []string
	RuleSets                   map[string]RulePolicy

	HTTP HTTP // default: off

	// ReleaseFolder keeps the releases that were pushed, ReleaseStore bytes at most (default 256 MiB).
	// Empty: the broker takes no releases.
	ReleaseFolder string
	ReleaseStore  int64

	Limits       Limits
	Heartbeat    time.Duration // between heartbeats; silent for 3 of them is lost; default 1 s
	DrainTimeout time.Duration // for queued and running requests at the end; default 10 s

	Log *slog.Logger // default: discarded
	// Pulse is called about once a second by the broker's own loop, from when it
	// serves until it has ended, and so not if that hangs. It must not block. Nil:
	// nobody is told.
	Pulse func(Pulse)

	// bootTime is how long after the start requests for names that were never
	// seen wait: boards come up in any order. 10 s but in tests.
	bootTime  time.Duration
	patience  time.Duration    // see workerPatience
	helloTime time.Duration    // see helloTimeout
	clock     func() time.Time // time.Now but in tests
	files     int64            // that the process may have open; see fileLimit

	// budget counts what connections hold, and bounds messages of clients that are
	// still arriving; fromWorkers is its part with the bounds of workers' messages.
	budget, fromWorkers *zmtp.Budget
}

// Plain is an endpoint whose REP workers serve one rule set.
type Plain struct{ Endpoint, Rules string }

// HTTP is where status and metrics are served; see HTTP.md in edge/wire.
type HTTP struct {
	Listen string // HOST:PORT, the host may be *; empty: off
	Match  bool   // POST /match
}

// RulePolicy says how requests for a rule set are treated.
type RulePolicy struct {
	Impure bool // asking twice is not harmless: never retried
	Queue  int  // most requests waiting; 0: Limits.Queue
	// Hedge, if it is not 0, is a percentile, as 95: a request that a worker has
	// had for longer than that share of the recent ones goes to a second one.
	Hedge int
}

// Limits bound what clients can ask of a broker.
type Limits struct {
	Text    int64 // bytes of one text; default 16 MiB
	Request int64 // bytes of a whole request, answered too_large beyond; default 32 MiB
	Frame   int64 // bytes of one frame, the connection is closed beyond; default 64 MiB
	Texts   int   // texts of one request; default 65,536
	Answer  int64 // bytes of an answer, internal beyond; as the workers' own limit; default 4 MiB
	Queue   int   // requests waiting per rule set; default 4,096
	Memory  int64 // bytes of all requests and answers held; default 64 MiB
	// Priority is the highest that requests of clients may have, but for those with a key
	// of the role admin. Higher ones are lowered to it. Nil: all may use all.
	Priority *int
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name, _ = os.Hostname()
	}
	o.Limits.Text = cmp.Or(o.Limits.Text, 16<<20)
	o.Limits.Request = cmp.Or(o.Limits.Request, 32<<20)
	o.Limits.Frame = cmp.Or(o.Limits.Frame, 64<<20)
	o.Limits.Texts = cmp.Or(o.Limits.Texts, 65_536)
	o.Limits.Answer = cmp.Or(o.Limits.Answer, 4<<20)
	o.Limits.Queue = cmp.Or(o.Limits.Queue, 4_096)
	o.Limits.Memory = cmp.Or(o.Limits.Memory, 64<<20)
	o.ReleaseStore = cmp.Or(o.ReleaseStore, 256<<20)
	o.Heartbeat = cmp.Or(o.Heartbeat, time.Second)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 10*time.Second)
	o.bootTime = cmp.Or(o.bootTime, 10*time.Second)
	o.patience = cmp.Or(o.patience, workerPatience)
	o.helloTime = cmp.Or(o.helloTime, helloTimeout)
	if o.clock == nil {
		o.clock = time.Now
	}
	o.files = cmp.Or(o.files, fileLimit())
	o.budget, o.fromWorkers = newBudgets(&o.Limits)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = zmtp.LimitLog(o.Log)
	return o
}

// newBudgets makes the budgets of a broker. Requests that are still arriving may take half the
// memory, so that those that stop arriving cannot keep the others out; but one always
// may. Messages of workers may take as much apart from that, and answers go on when
// there is no memory for requests any more: they make room.
func newBudgets(l *Limits) (all, fromWorkers *zmtp.Budget) {
	partial := max(l.Memory/2, l.Request+2*keepMore)
	all = &zmtp.Budget{Partial: partial, Total: max(l.Memory, partial)}
	answers := max(l.Memory/2, l.Answer+2*keepMore)
	fromWorkers = &zmtp.Budget{Parent: all, Partial: max(partial, answers), Total: all.Total + answers}
	return all, fromWorkers
}

// ruleSet returns how requests for rules, a name or name@hash, are treated.
func (o *Options) ruleSet(rules string) RulePolicy {
	name, _ := wire.SplitRules(rules)
	return o.RuleSets[name]
}

// hedges reports whether any rule set wants second copies of slow requests.
func (o *Options) hedges() bool {
	for _, set := range o.RuleSets {
		if set.Hedge > 0 {
			return true
		}
	}
	return false
}

// check refuses endpoints that would open the broker to the network by
// accident.
func (o *Options) check() error {
	if h := o.HTTP.Listen; h != "" && !o.Insecure && !zmtp.IsLocal("tcp://"+h) {
		return fmt.Errorf("%s can be reached by other machines, and HTTP has no keys: whoever reaches it can read the status, and ask if http.match is on; "+
			"listen on 127.0.0.1, or say --insecure if everybody on that network may", h)
	}
	if o.Insecure || o.Security.on() {
		return nil
	}
	endpoints := append(append([]string{}, o.Clients...), o.Workers...)
	for _, p := range o.Plain {
		endpoints = append(endpoints, p.Endpoint)
	}
	for _, e := range endpoints {
		if !zmtp.IsLocal(e) {
			return fmt.Errorf("%s can be reached by other machines, and whoever reaches it can ask, become a worker and read every text; "+
				"bind to 127.0.0.1, make keys with trawl keygen and give --key, or say --insecure if everybody on that network may", e)
		}
	}
	return nil
}

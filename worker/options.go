package worker

// Options: names, brokers, rules and limits of a worker, with defaults and checks.

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"trawl/edge/board"
	"trawl/edge/escape"
	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Options configure a worker. The zero value of a field stands for the default.
type Options struct {
	Name    string   // unique among the workers of a broker; default: the host's name
	Version string   // of the program
	Brokers []string // endpoints for workers
	// Security is the client side of the connections to all brokers.
	Security zmtp.Security
	// RuleSets are the rule sets to serve. The caller owns RuleSets.
	RuleSets *RuleSets
	// Rules are packs by name of the rule set, in place of RuleSets, for rules without changes. The
	// caller owns the packs.
	Rules map[string]*match.Pack
	// Handle has further rule sets, by name: functions answer the requests. A worker needs RuleSets,
	// Rules or Handle.
	Handle map[string]Handler
	// Escalate sends texts with matches on to other workers; answers merge the results of both.
	Escalate []Escalation

	// Releases takes releases of rules from the brokers. Nil: this worker takes none.
	Releases Releases

	Slots        int // requests worked on at once; default: the number of cores
	Limits       Limits
	DrainTimeout time.Duration // for the requests in hand at the end; default 10 s

	Log *slog.Logger // default: discarded
	// Report is called about once a second, from the start to the end of the worker, unless a slot
	// hangs. Report must not block. Nil: the worker does not report.
	Report func(Health)

	welcomeTime  time.Duration       // see the constant; shorter in tests
	refusedPause time.Duration       // see the constant; shorter in tests
	readHealth   func() board.Health // board.ReadHealth, but in tests
	boardTicks   <-chan time.Time    // when to call readHealth; nil: every boardEvery
}

// Limits bound an answer. Lists over a limit are cut and marked as truncated.
type Limits struct {
	Matches int   // max matches of a request; default 1,000,000
	Answer  int64 // max bytes of an answer; default 4 MiB
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name, _ = os.Hostname()
	}
	o.Slots = cmp.Or(o.Slots, runtime.GOMAXPROCS(0))
	o.Limits.Matches = cmp.Or(o.Limits.Matches, 1_000_000)
	o.Limits.Answer = cmp.Or(o.Limits.Answer, 4<<20)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 10*time.Second)
	o.welcomeTime = cmp.Or(o.welcomeTime, welcomeTime)
	o.refusedPause = cmp.Or(o.refusedPause, refusedPause)
	if o.readHealth == nil {
		o.readHealth = board.ReadHealth
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = zmtp.LimitLog(o.Log)
	if o.RuleSets == nil {
		o.RuleSets = fixedRuleSets(o.Rules, o.Log)
	}
	return o
}

func (o *Options) check() error {
	if o.Name == "" || escape.Hides(o.Name) {
		return escape.Errorf("worker: %q cannot be the name of a worker", o.Name)
	}
	if len(o.Brokers) == 0 {
		return errors.New("worker: no broker given")
	}
	if o.Slots < 1 || o.Slots > wire.MaxSlots {
		return fmt.Errorf("worker: %d slots; it can have 1 to %d, and by default has one per core", o.Slots, wire.MaxSlots)
	}
	sets := o.RuleSets.sets
	if len(sets)+len(o.Handle) == 0 {
		return errors.New("worker: no rules given")
	}
	for _, name := range slices.AppendSeq(slices.Collect(maps.Keys(sets)), maps.Keys(o.Handle)) {
		if err := checkSetName(name); err != nil {
			return err
		}
		if sets[name] != nil && o.Handle[name] != nil {
			return fmt.Errorf("worker: the rule set %q has both rules and a handler; give one of them another name", name)
		}
	}
	return checkEscalations(o)
}

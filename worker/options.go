package worker

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

// Options configure a worker. The zero value of a field is its default.
type Options struct {
	Name    string   // unique among a broker's workers; default: the host's name
	Version string   // of the program
	Brokers []string // worker endpoints of brokers
	// Security is the client side of the connections to all of them.
	Security zmtp.Security
	// RuleSets are the rule sets to serve. They stay the caller's.
	RuleSets *RuleSets
	// Rules are served in their place if they never change: packs by name of
	// the rule set. The packs stay the caller's.
	Rules map[string]*match.Pack
	// Handle are further rule sets, by name: functions answer their requests. A
	// worker needs RuleSets, Rules or Handle.
	Handle map[string]Handler
	// Escalate sends texts in which this worker's rules have found something on to
	// others; the answer then holds what both have found.
	Escalate []Escalation

	// Releases takes releases of rules from the brokers. Nil: this worker takes none.
	Releases Releases

	Slots        int // requests worked on at once; default: one per core
	Limits       Limits
	DrainTimeout time.Duration // for the requests it has at the end; default 10 s

	Log *slog.Logger // default: discarded
	// Pulse is called about once a second, from when the worker serves until it has
	// ended, as long as nothing in it hangs. It must not block. Nil: nobody is told.
	Pulse func(Pulse)

	welcomeTime  time.Duration       // see there; shorter in tests
	refusedPause time.Duration       // the same
	health       func() board.Health // board.ReadHealth but in tests
	boardTicks   <-chan time.Time    // when to ask for it; nil: every boardEvery
}

// Limits bound one answer; what goes beyond is cut and marked as truncated.
type Limits struct {
	Matches int   // matches of one request; default 1,000,000
	Answer  int64 // bytes of one answer; default 4 MiB
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
	if o.health == nil {
		o.health = board.ReadHealth
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

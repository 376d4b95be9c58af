package worker

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"trawl/edge/match"
	"trawl/edge/zmtp"
)

// Options configure a worker. The zero value of a field is its default.
type Options struct {
	Name    string   // unique among a broker's workers; default: the host's name
	Version string   // of the program
	Brokers []string // worker endpoints of brokers
	// Security is the client side of the connections to all of them.
	Security zmtp.Security
	// Rules are the rule sets to serve, by name. The packs stay the caller's.
	Rules map[string]*match.Pack
	// Reload opens the pack of a rule set anew when the file behind the one in
	// use has failed. It is called by one goroutine at a time for each set. Nil:
	// the set's requests are answered with errors from then on.
	Reload func(set string) (*match.Pack, error)

	Slots        int           // requests worked on at once; default: one per core
	Limits       Limits        //
	DrainTimeout time.Duration // for the requests it has at the end; default 10 s

	Log *slog.Logger // default: discarded
	// Pulse is called about once a second, from when the worker serves until it has
	// ended, as long as nothing in it hangs. It must not block. Nil: nobody is told.
	Pulse func(Pulse)

	welcomeTime time.Duration // see there; shorter in tests
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
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o *Options) check() error {
	switch {
	case len(o.Brokers) == 0:
		return errors.New("worker: no broker given")
	case len(o.Rules) == 0:
		return errors.New("worker: no rules given")
	}
	for name := range o.Rules {
		if name == "" || strings.Contains(name, "@") {
			return fmt.Errorf("worker: %q cannot be the name of a rule set", name)
		}
	}
	return nil
}

package doctor

import (
	"context"
	"time"

	"trawl/edge/board"
	"trawl/edge/config"
)

// Patient is a board, and what can be asked of it.
type Patient struct {
	Facts  board.Facts
	Health board.Health
	Upkeep board.Upkeep

	Build        string // of the program: arm 6, arm64, …
	Now          time.Time
	Clock        func() (synchronised, known bool)
	MemoryLimit  int64 // that a process of trawl would have, in bytes
	LimitComesOf string
	Free         func(dir string) (bytes int64, known bool)

	Config      *config.Config
	ConfigError error
	ConfigFile  string // that was read; empty: there is none
	StateDir    string // of a worker; empty: none

	// Unwritable is why a worker cannot write StateDir; nil: it can.
	Unwritable error
	Services   []Service // those installed here
	MacOS      int       // major version; 0: another system
	Agents     []string  // on macOS, services of the calling user alone
	Programs   []string  // different files called trawl, in the order in which a shell looks

	// Kept is the size of the pack that a worker has kept of these files.
	Kept func(files []string, set string) (bytes int64, ok bool)
	// Listen tries to bind an endpoint, and lets go of it.
	Listen func(endpoint string) error
	// Ping asks the broker at a client endpoint for its name.
	Ping func(ctx context.Context, endpoint string) (name string, err error)
	// Reach makes the connection that a worker would. refused reports that the broker is
	// there and does not take this board as it is.
	Reach func(ctx context.Context, endpoint string) (refused bool, err error)
	// Installed reports whether a role is a service here.
	Installed func(role string) bool
	// Running reports whether it runs as one.
	Running func(role string) bool
}

// Examine looks at everything. It takes some seconds if brokers do not answer.
func Examine(ctx context.Context, p *Patient) []Finding {
	var out page
	p.board(&out)
	p.memory(&out)
	p.upkeep(&out)
	p.programs(&out)
	p.services(&out)
	p.localNetwork(&out)
	if p.configuration(&out) {
		p.keys(&out)
		p.rules(&out)
		p.ports(ctx, &out)
		p.broker(ctx, &out)
	}
	return out
}

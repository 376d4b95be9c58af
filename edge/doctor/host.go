package doctor

import (
	"context"
	"time"

	"trawl/edge/board"
	"trawl/edge/config"
)

// Host is a board, and what can be asked of it.
type Host struct {
	Facts       board.Facts
	Health      board.Health
	SystemSetup board.SystemSetup

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

	// Cached is the size of the pack that a worker has kept of these files.
	Cached func(files []string, set string) (bytes int64, ok bool)
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

// Check looks at everything. It takes some seconds if brokers do not answer.
func Check(ctx context.Context, h *Host) []Finding {
	var out report
	h.board(&out)
	h.memory(&out)
	h.systemSetup(&out)
	h.programs(&out)
	h.services(&out)
	h.localNetwork(&out)
	if h.configuration(&out) {
		h.keys(&out)
		h.rules(&out)
		h.ports(ctx, &out)
		h.broker(ctx, &out)
	}
	return out
}

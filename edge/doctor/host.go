package doctor

// The board that is checked, and the order of the checks.

import (
	"context"
	"time"

	"trawl/edge/board"
	"trawl/edge/config"
)

// Host is the board that is checked, with functions that ask it.
type Host struct {
	Facts       board.Facts
	Health      board.Health
	SystemSetup board.SystemSetup

	Build        string // of the program: arm 6, arm64, …
	Now          time.Time
	Clock        func() (synchronised, known bool)
	MemoryLimit  int64 // of a process of trawl, in bytes
	LimitComesOf string
	Free         func(dir string) (bytes int64, known bool)

	Config      *config.Config
	ConfigError error
	ConfigFile  string // the file that was read; empty: there is none
	StateDir    string // of a worker; empty: none

	// Unwritable is why a worker cannot write StateDir; nil if it can.
	Unwritable error
	Services   []Service // services installed on the board
	MacOS      int       // major version; 0: another system
	Agents     []string  // on macOS, services of the calling user alone
	Programs   []string  // different files called trawl, in the order of PATH

	// Cached returns the size of the pack of these files in the worker's cache.
	Cached func(files []string, set string) (bytes int64, ok bool)
	// Listen tries to bind an endpoint, and releases it.
	Listen func(endpoint string) error
	// Ping asks the broker at a client endpoint for its name.
	Ping func(ctx context.Context, endpoint string) (name string, err error)
	// Reach connects to a broker as a worker does. refused reports that the broker answers but does
	// not accept this board.
	Reach func(ctx context.Context, endpoint string) (refused bool, err error)
	// Journalctl is why the program journalctl cannot be run; nil if it can.
	Journalctl error
	// Followed are the patterns of files of the section watch, with what they match.
	Followed []Pattern
	// InMemory reports whether a folder lies on a tmpfs.
	InMemory func(dir string) (isTmpfs, known bool)
	// Installed reports whether a role is installed as a service.
	Installed func(role string) bool
	// Running reports whether a role runs as a service.
	Running func(role string) bool
}

// Check runs all checks. It takes some seconds if brokers do not answer.
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
		h.watch(&out)
	}
	return out
}

package main

import (
	"errors"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"trawl/edge/board"
)

const (
	// ofCgroup is the share of a control group's limit that the runtime may
	// take; the rest is for what it does not count, such as maps of packs.
	ofCgroup = 0.9
	// ofBoard is the part of the board's memory that a process may take if no
	// control group limits it: the kernels of many boards come without.
	ofBoard = 4
)

// memoryLimit is what the runtime holds itself to, and where it comes from.
type memoryLimit struct {
	bytes int64
	from  string
}

// limitMemory makes the garbage collector work harder before the memory is used
// up, rather than be killed.
func limitMemory() memoryLimit {
	if os.Getenv("GOMEMLIMIT") != "" {
		return memoryLimit{debug.SetMemoryLimit(-1), "GOMEMLIMIT"}
	}
	from := "control group"
	quarter := func() (uint64, error) {
		if memory := board.Read().Memory; memory > 0 {
			from = "a quarter of the board's memory"
			return uint64(memory / ofBoard), nil
		}
		return 0, errors.New("this system does not tell how much memory it has")
	}
	bytes, err := memlimit.Set(memlimit.WithRatio(1),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.ApplyRatio(memlimit.FromCgroup, ofCgroup), quarter)))
	if err != nil {
		return memoryLimit{bytes, "none: " + err.Error()}
	}
	return memoryLimit{bytes, from}
}

func (m memoryLimit) log(log *slog.Logger) {
	log.Info("memory limit", "bytes", m.bytes, "from", m.from)
}

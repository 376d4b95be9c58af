package main

import (
	"errors"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"trawl/broker"
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

// brokerHeap is what the runtime of a broker may take, in bytes: one and a half times what
// requests and answers may, which is the most that it holds under attack, and what an
// idle one has. The runtime goes over it by two large messages, since it collects while others
// allocate, and what is not the runtime's, the program itself above all, is some
// 10 MB. So a broker has at most three times limits.memory (or one request, if that is
// more) and 32 MB resident.
func brokerHeap(l broker.Limits) int64 { return max(l.Memory, l.Request)*3/2 + 12e6 }

// limitMemory makes the garbage collector work harder before the memory is used
// up, rather than be killed. Most is what it may take in any case; 0: that depends on
// the board alone.
func limitMemory(most int64) memoryLimit {
	if os.Getenv("GOMEMLIMIT") != "" {
		return memoryLimit{debug.SetMemoryLimit(-1), "GOMEMLIMIT"}
	}
	l := limitToBoard()
	if most > 0 && (l.bytes <= 0 || most < l.bytes) {
		debug.SetMemoryLimit(most)
		return memoryLimit{most, "limits.memory"}
	}
	return l
}

func limitToBoard() memoryLimit {
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

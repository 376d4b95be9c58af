package zmtp

// Keeping Go's scheduler awake while messages stream in.
//
// When every goroutine waits for the network, the runtime puts the monitor thread (sysmon) to
// sleep, and the next message wakes the thread: a system call each way, and then a thread looking
// around every 20 µs for a while. In a router this happens thousands of times a second, and costs
// more CPU time than all the rest (docs/benchmarks.md). The monitor sleeps only when all of the
// runtime's processors are idle. So under load the program gets one more processor, which is kept
// in a system call that the runtime takes for work.

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// A process is busy from busyReads reads within busyTime on, 10,000 a
	// second, until there are fewer than quietReads in a holdTime, 2,000 a second.
	busyReads  = 1 << 10
	busyTime   = 100 * time.Millisecond
	holdTime   = 5 * time.Millisecond
	quietReads = 10
)

// KeepSchedulerBusy makes the Go runtime of this process cheaper while the connections receive
// thousands of times a second; below that nothing changes. It is for programs that mostly route,
// such as brokers: a routed message takes half the CPU time. GOMAXPROCS rises by one. Call
// KeepSchedulerBusy once, in main; further calls do nothing. The function has an effect on Linux
// only.
func KeepSchedulerBusy() {
	if canHold && !scheduler.enabled.Swap(true) {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

var scheduler busyScheduler

// busyScheduler counts reads, and holds a processor while there are many.
type busyScheduler struct {
	enabled atomic.Bool
	reads   atomic.Int64
	mark    atomic.Int64 // when reads was last a multiple of busyReads, in ns since epoch
	holding atomic.Bool
}

// noteRead notes that a connection has received something.
func (w *busyScheduler) noteRead(now time.Duration) {
	if w.reads.Add(1)%busyReads != 0 {
		return
	}
	before := time.Duration(w.mark.Swap(int64(now)))
	if now-before < busyTime && w.holding.CompareAndSwap(false, true) {
		go w.hold()
	}
}

// hold keeps a processor until there is little to read.
func (w *busyScheduler) hold() {
	defer w.holding.Store(false)
	for before := w.reads.Load(); ; {
		slept := holdProcessor(holdTime)
		runtime.Gosched() // the garbage collector may be waiting for this processor
		if !slept {
			continue
		}
		reads := w.reads.Load()
		if reads-before < quietReads {
			return
		}
		before = reads
	}
}

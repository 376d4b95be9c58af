package zmtp

import (
	"runtime"
	"testing"
	"time"
)

// receive notes n reads, one every interval, and returns the time of the last.
func (w *busyScheduler) receive(n int, from, interval time.Duration) time.Duration {
	for range n {
		from += interval
		w.noteRead(from)
	}
	return from
}

func TestBusyProcessStaysAwakeUntilItIsQuiet(t *testing.T) {
	if !canHold {
		t.Skip("this system's runtime is left alone")
	}
	var w busyScheduler
	now := w.receive(busyReads, time.Hour, time.Microsecond)
	if w.holding.Load() {
		t.Error("holds after one burst")
	}
	now = w.receive(busyReads, now, busyTime/busyReads-1)
	if !w.holding.Load() {
		t.Error("does not hold at more than 10,000 reads a second")
	}
	runtime.GC() // needs the processor that is held
	w.receive(busyReads, now, time.Microsecond)
	waitUntil(t, func() bool { return !w.holding.Load() })
}

func TestProcessThatIsNotBusyMaySleep(t *testing.T) {
	var w busyScheduler
	w.receive(4*busyReads, time.Hour, busyTime/busyReads+1)
	if w.holding.Load() {
		t.Error("holds at less than 10,000 reads a second")
	}
}

// A garbage collection stops all processors, many times in a row here: the one
// that is held must not keep it waiting for the rest of its sleep each time.
func TestHeldProcessorStopsForTheGarbageCollector(t *testing.T) {
	if !canHold {
		t.Skip("this system's runtime is left alone")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	interrupted := make(chan bool)
	go func() { interrupted <- !holdProcessor(time.Minute) }()
	for {
		runtime.GC()
		select {
		case early := <-interrupted:
			if !early {
				t.Error("slept for a minute")
			}
			return
		default:
		}
	}
}

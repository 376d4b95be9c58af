package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// manyBytes is how much a broker holds when it has hundreds of clients, or
	// requests that wait.
	manyBytes = 8 << 20

	// After a peak, memory goes back to the system once the collector has had nothing to
	// do for quietTime, if peakBytes more are in use than after the peak before.
	quietTime = 5 * time.Second
	peakBytes = 16 << 20
)

// collectOften keeps a broker's memory near what it holds: from manyBytes on,
// garbage is collected when it is half of that, and not first when it is as
// much. Below, that would only cost: the collector empties the pools of buffers
// (28% more CPU time a request). GOGC overrides it. What a peak has left is given back
// to the system: the runtime by itself takes minutes for that. Look is to be called about once a
// second, stop at the end.
func collectOften() (look, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	looks := make(chan struct{}, 1)
	var watching sync.WaitGroup
	watching.Go(func() { watchCollector(ctx, looks, os.Getenv("GOGC") == "") })
	look = func() {
		select {
		case looks <- struct{}{}:
		default: // it still looks
		}
	}
	return look, func() {
		cancel()
		watching.Wait()
	}
}

// The samples of watchCollector.
const (
	liveBytes = iota
	collections
	mappedBytes
	releasedBytes
)

func watchCollector(ctx context.Context, looks <-chan struct{}, adjust bool) {
	const usual, often = 100, 50
	percent := usual
	samples := []metrics.Sample{
		liveBytes:     {Name: "/gc/heap/live:bytes"},
		collections:   {Name: "/gc/cycles/total:gc-cycles"},
		mappedBytes:   {Name: "/memory/classes/total:bytes"},
		releasedBytes: {Name: "/memory/classes/heap/released:bytes"},
	}
	value := func(i int) int64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return int64(samples[i].Value.Uint64())
	}
	var peaks peakWatch
	for {
		select {
		case <-ctx.Done():
			return
		case <-looks:
		}
		metrics.Read(samples)
		want := usual
		if value(liveBytes) > manyBytes {
			want = often
		}
		if adjust && want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
		if peaks.over(time.Now(), value(mappedBytes)-value(releasedBytes), value(collections)) {
			debug.FreeOSMemory()
			metrics.Read(samples)
			peaks.freed(value(mappedBytes)-value(releasedBytes), value(collections))
		}
	}
}

// peakWatch watches for the ends of peaks.
type peakWatch struct {
	low    int64     // bytes that were in use after the peak before, or less if less were since
	cycles int64     // of the collector so far
	quiet  time.Time // since when there were no more
}

// over reports whether memory should be given back now that so many bytes are in use, and the
// collector has run so many times.
func (p *peakWatch) over(now time.Time, used, cycles int64) bool {
	p.low = min(p.low, used)
	if cycles != p.cycles {
		p.cycles, p.quiet = cycles, now
	}
	return now.Sub(p.quiet) >= quietTime && used >= p.low+peakBytes
}

// freed notes what is in use after memory was given back.
func (p *peakWatch) freed(used, cycles int64) { p.low, p.cycles = used, cycles }

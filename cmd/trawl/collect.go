package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// manyBytes is how much a broker holds when it has hundreds of clients, or
// requests that wait.
const manyBytes = 8 << 20

// collectOften keeps a broker's memory near what it holds: from manyBytes on,
// garbage is collected when it is half of that, and not first when it is as
// much. Below, that would only cost: the collector empties the pools of buffers
// (28% more CPU time a request). GOGC overrides it. The function that it returns
// ends it.
func collectOften() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { adjustCollector(ctx) })
	return func() {
		cancel()
		watching.Wait()
	}
}

func adjustCollector(ctx context.Context) {
	const usual, often = 100, 50
	percent := usual
	held := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		metrics.Read(held)
		want := usual
		if held[0].Value.Kind() == metrics.KindUint64 && held[0].Value.Uint64() > manyBytes {
			want = often
		}
		if want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
	}
}

// Mixed load for a while: the memory of broker and workers stays what it was.

package test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

var soakFor = flag.Duration("soak", time.Duration(lessUnderRace(10_000))*time.Millisecond, "how long memory is watched under mixed load; its first and last tenth are compared")

// passers connect, ask once, and leave, one after the other, until ctx ends. Every
// third leaves without waiting for its answer.
func (f *fleet) passers(t *testing.T, ctx context.Context, asking *sync.WaitGroup) {
	asking.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			c, err := zmtp.Dial(ctx, f.clients, zmtp.Options{SocketType: "DEALER"})
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("cannot connect: %v", err)
				}
				return
			}
			if err := c.Send(nil, zmtp.NewMessage([]byte(historyText))); err != nil {
				t.Error(err)
			}
			if i%3 > 0 {
				m, err := c.Recv()
				if err != nil || string(m.Frame(0)) != historyAnswer {
					t.Errorf("answer %v", err)
				}
				m.Release()
			}
			_ = c.Close()
			time.Sleep(5 * time.Millisecond)
		}
	})
}

func TestMemoryStaysFlat(t *testing.T) {
	f := newFleet(t, "")
	watched := []*process{f.broker(t), nil, nil}
	words := f.history(t)
	for i := range 2 {
		watched[1+i] = f.worker(t, fmt.Sprint("w", i), words)
	}
	f.waitWorkers(t, 2)
	small := f.hammer(t, hammering{InFlight: 32, Padding: 100, Pause: 20 * time.Millisecond})
	large := f.hammer(t, hammering{InFlight: 4, Padding: 300 << 10, Pause: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	f.passers(t, ctx, &asking)
	defer asking.Wait()
	defer cancel()
	small.waitRound(t)
	large.waitRound(t)

	samples := make([][]int64, len(watched))
	ticks := time.NewTicker(max(*soakFor/200, 10*time.Millisecond))
	defer ticks.Stop()
	for end := time.Now().Add(*soakFor); time.Now().Before(end); <-ticks.C {
		for i, p := range watched {
			samples[i] = append(samples[i], residentNow(t, p))
		}
	}
	cancel()
	asking.Wait()
	small.finish().check(t)
	large.finish().check(t)
	f.waitStatus(t, "nothing is left", func(s *wire.Status) bool { return s.Broker.Pending == 0 && s.Broker.Clients == 1 })
	for i, p := range watched {
		tenth := max(len(samples[i])/10, 1)
		first, last := median(samples[i][:tenth]), median(samples[i][len(samples[i])-tenth:])
		t.Logf("%s: %.1f MB resident in the first tenth, %.1f MB in the last (medians), at most %.1f MB", p.name, float64(first)/1e6, float64(last)/1e6, float64(resident(t, p))/1e6)
		// What the collector leaves differs by some; a leak of one buffer in a
		// thousand requests would be far more within minutes.
		if grown := last - first; grown > 8<<20 && os.Getenv("TRAWL_RACE") == "" {
			t.Errorf("%s grew by %d bytes", p.name, grown)
		}
	}
}

func median(of []int64) int64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

package broker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 5000 {
		d := time.Duration(rng.ExpFloat64() * float64(20*time.Millisecond))
		h.observe(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{.1, .5, .9, .95, .99, 1} {
		exact := all[int(q*float64(len(all)-1))]
		if got := h.quantile(q); got < exact || got > exact*5/4+32*time.Microsecond {
			t.Errorf("p%v is %v, counted %v", 100*q, exact, got)
		}
	}
	for i := range histogramBuckets - 1 {
		if end := bucketEnd(i); bucket(end) != i+1 || bucket(end-time.Microsecond) != i {
			t.Errorf("bucket %d does not end with %v", i, end)
		}
	}
	if bucket(-time.Second) != 0 || bucket(1000*time.Hour) != histogramBuckets-1 {
		t.Error("what is out of range is in the wrong bucket")
	}
}

// hedging is a broker with a rule set that is hedged and usually takes 10 ms: it
// does not learn otherwise, since no heartbeat comes.
func hedging(t *testing.T) *direct {
	d := newDirect(t, Options{Heartbeat: time.Hour, RuleSets: map[string]RulePolicy{"default": {Hedge: 95}, "impure": {Hedge: 95, Impure: true}}})
	h := &d.r.byDefault.hedge
	for range 1000 {
		h.recent.observe(10 * time.Millisecond)
	}
	h.credit = hedgePrice
	d.r.beat(d.out())
	return d
}

func TestSlowRequestIsHedgedAndTheFirstAnswerCounts(t *testing.T) {
	for _, first := range []string{"slow", "fast"} {
		d := hedging(t)
		slow := d.worker("slow", 1, true)
		c := d.client()
		d.send(c, "x", "x")
		slow.receive(d)
		fast := d.worker("fast", 1, true)
		d.advance(2 * hedgeTick)
		if fast.receive(d); len(fast.has) != 0 {
			t.Fatal("hedged before it was slow")
		}
		d.advance(tick)
		if fast.receive(d); len(fast.has) != 1 {
			t.Fatal("not hedged")
		}
		d.advance(tick)
		if fast.receive(d); len(fast.has) != 1 || d.r.hedgedSlow != 1 {
			t.Fatal("hedged twice")
		}
		w, other := slow, fast
		if first == "fast" {
			w, other = fast, slow
		}
		w.answer(d, 0, false)
		other.receive(d)
		if !other.has[0].stop {
			t.Error("the other was not told to stop")
		}
		other.answer(d, 0, false)
		if a := c.answers()["x"]; len(a) != 1 {
			t.Errorf("%s first: %d answers", first, len(a))
		}
		if won := d.r.hedgesWon; (won == 1) != (first == "fast") {
			t.Errorf("%s first: %d copies won", first, won)
		}
		d.check()
	}
}

func TestHedgesCostAtMostATwentieth(t *testing.T) {
	d := hedging(t)
	slow, idle := d.worker("slow", 1, true), d.worker("idle", 100, true)
	c := d.client()
	for i := range 2000 {
		d.send(c, fmt.Sprint(i), "x")
		d.advance(tick) // every one is slow
		for _, w := range []*directWorker{slow, idle} {
			for w.receive(d); len(w.has) > 0; {
				w.answer(d, 0, false)
			}
		}
	}
	if d.r.hedgedSlow < 50 || d.r.hedgedSlow > 2000/20+hedgeSaved {
		t.Errorf("%d copies for 2,000 requests", d.r.hedgedSlow)
	}
	d.check()
}

func TestWhatIsNeverHedged(t *testing.T) {
	for name, header := range map[string]string{
		"impure": `{"rules":"impure"}`, "designated": `{"worker":"slow"}`, "another rule set": `{"rules":"other"}`,
	} {
		d := hedging(t)
		slow := d.worker("slow", 1, true, "default", "impure", "other")
		d.send(d.client(), "x", header, "x")
		slow.receive(d)
		d.worker("idle", 1, true, "default", "impure", "other")
		d.advance(time.Second)
		if d.r.hedgedSlow != 0 {
			t.Errorf("%s: hedged", name)
		}
	}
}

package watch

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The first at once, then one with the count, and so on while the flood lasts.
func TestLimitTellsFirstAndSum(t *testing.T) {
	l := newLimiter(RateLimit{Interval: 10 * time.Minute, GroupBy: []string{"rule"}})
	now := time.Duration(0)
	if !l.admit(testEvent(1), now) {
		t.Fatal("the first is not told")
	}
	for i := 2; i <= 57; i++ {
		now += time.Second
		if summaries, _ := l.due(now); len(summaries) > 0 || l.admit(testEvent(i), now) {
			t.Fatal("told within the interval")
		}
	}
	summaries, next := l.due(10*time.Minute - 1)
	if len(summaries) != 0 || next != 10*time.Minute {
		t.Fatal(summaries, next)
	}
	summaries, next = l.due(10 * time.Minute)
	if len(summaries) != 1 || next != 20*time.Minute {
		t.Fatal(summaries, next)
	}
	if e := summaries[0]; e.Count != 57 || e.Suppressed != 56 || e.ID != testEvent(57).ID {
		t.Errorf("%+v", e)
	}
	// The summary was told: the next one of the kind waits for its interval.
	if l.admit(testEvent(58), 11*time.Minute) {
		t.Error("told right after a summary")
	}
	if summaries, _ = l.due(20 * time.Minute); len(summaries) != 1 || summaries[0].Suppressed != 1 || summaries[0].Count != 1 {
		t.Errorf("%+v", summaries)
	}
	if _, next = l.due(31 * time.Minute); next != 0 || len(l.windows) != 0 || l.held != 0 {
		t.Error("something is left of a kind that is over", next, l.held)
	}
}

func TestLimitBurstAndKinds(t *testing.T) {
	l := newLimiter(RateLimit{Interval: time.Minute, GroupBy: []string{"rule", "labels.host"}, Burst: 3})
	told := 0
	for i := range 10 {
		if l.admit(testEvent(i), 0) {
			told++
		}
	}
	other := testEvent(11)
	other.Rule = "other"
	if told != 3 || !l.admit(other, 0) {
		t.Error(told)
	}
}

// Whatever a log makes up, so many kinds are told apart; further ones share a limit, and
// what summaries keep is bounded.
func TestLimitIsBounded(t *testing.T) {
	l := newLimiter(RateLimit{Interval: time.Minute, GroupBy: []string{"text"}})
	told := 0
	for i := range 3 * maxKinds {
		for range 2 {
			e := testEvent(i)
			e.Text = fmt.Appendf(nil, "%d%01000d", i, 0)
			if l.admit(e, 0) {
				told++
			}
		}
	}
	if told != maxKinds+1 || len(l.windows) != maxKinds+1 {
		t.Errorf("%d told, %d kinds", told, len(l.windows))
	}
	if l.held > maxHeld+(maxKinds+1)*2*overhead {
		t.Errorf("%d bytes are held", l.held)
	}
	summaries, _ := l.due(time.Minute)
	sum := uint64(0)
	for _, e := range summaries {
		sum += e.Suppressed
	}
	if want := uint64(6*maxKinds - told); sum != want {
		t.Errorf("%d are told by summaries, of %d", sum, want)
	}
}

// Each match is told once: by itself or in one summary; and no kind is told more often
// than burst and one summary in an interval.
func TestLimitProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := RateLimit{Interval: time.Duration(rapid.IntRange(1, 50).Draw(t, "interval")), GroupBy: []string{"rule"}, Burst: rapid.IntRange(1, 3).Draw(t, "burst")}
		l := newLimiter(limit)
		now := time.Duration(0)
		var offered, told uint64
		last := map[string][]time.Duration{}
		tell := func(e *Event) {
			last[e.Rule] = append(last[e.Rule], now)
			told += max(1, e.Suppressed)
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 20).Draw(t, "pause"))
			summaries, _ := l.due(now)
			for _, e := range summaries {
				tell(e)
			}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				data, err := l.save(true)
				if err != nil {
					t.Fatal(err)
				}
				l = newLimiter(limit)
				if err := l.load(data, now); err != nil {
					t.Fatal(err)
				}
			}
			e := testEvent(int(offered))
			e.Rule = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "rule")
			offered++
			if l.admit(e, now) {
				tell(e)
			}
		}
		now += limit.Interval
		summaries, _ := l.due(now)
		for _, e := range summaries {
			tell(e)
		}
		if told != offered {
			t.Fatalf("%d of %d told", told, offered)
		}
		for rule, times := range last {
			for i := range times {
				n := 0
				for j := i; j < len(times) && times[j]-times[i] < limit.Interval; j++ {
					n++
				}
				if n > 2*limit.Burst { // an interval of ours can lie over two of the limiter's
					t.Fatalf("%s: %d in an interval", rule, n)
				}
			}
		}
	})
}

// Limits of another boot begin anew, but forget no event.
func TestLimitOfAnotherBoot(t *testing.T) {
	data := []byte(`{"boot":"other","windows":[{"kind":"00000000000000000000000000000001","start":5,"told":1,"count":3,"suppressed":2,"event":{"id":"a","rule":"r","text":"t"}},
		{"kind":"00000000000000000000000000000002","start":6,"told":1,"count":1,"suppressed":0}]}`)
	l := newLimiter(RateLimit{Interval: 100})
	if err := l.load(data, 50); err != nil {
		t.Fatal(err)
	}
	if len(l.windows) != 1 {
		t.Errorf("%d kinds", len(l.windows))
	}
	summaries, next := l.due(149)
	if len(summaries) != 0 || next != 150 {
		t.Error(summaries, next)
	}
	if summaries, _ = l.due(150); len(summaries) != 1 || summaries[0].Suppressed != 2 || string(summaries[0].Text) != "t" {
		t.Errorf("%+v", summaries)
	}
}

func FuzzLoadLimits(f *testing.F) {
	f.Add([]byte(`{"boot":"x","windows":[{"kind":"00","start":-5,"suppressed":2,"event":{}}]}`))
	f.Add([]byte(`{"windows":[{"event":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLimiter(RateLimit{Interval: time.Hour})
		if l.load(data, time.Hour) != nil {
			return
		}
		l.admit(testEvent(1), time.Hour)
		l.due(2 * time.Hour)
		l.due(4 * time.Hour)
		if len(l.windows) != 0 || l.held != 0 {
			t.Fatalf("%d kinds, %d bytes", len(l.windows), l.held)
		}
	})
}

package main

import (
	"testing"
	"time"
)

func TestMemoryIsGivenBackOnceAfterEachPeak(t *testing.T) {
	const idle = 8 << 20
	var p peakWatch
	now := time.Now()
	second, cycles, gaveBack := 0, int64(0), 0
	// pass lets time pass in which so many bytes are in use; what is given back leaves idle ones.
	pass := func(seconds int, used int64, collecting bool) {
		for range seconds {
			second++
			if collecting {
				cycles++
			}
			if p.over(now.Add(time.Duration(second)*time.Second), used, cycles) {
				gaveBack, cycles, used = gaveBack+1, cycles+1, idle
				p.freed(used, cycles)
			}
		}
	}
	want := func(n int, when string) {
		t.Helper()
		if gaveBack != n {
			t.Fatalf("%s: given back %d times, want %d", when, gaveBack, n)
		}
	}
	pass(60, idle, false)
	want(0, "idle")
	pass(60, 80<<20, true)
	want(0, "in a peak")
	pass(60, 80<<20, false)
	want(1, "after it")
	pass(60, idle+peakBytes-1, false)
	want(1, "after little")
	pass(1, 100<<20, true)
	pass(10, 100<<20, false)
	want(2, "after the next peak")
	pass(60, idle, true)
	want(2, "collecting, with little in use")
}

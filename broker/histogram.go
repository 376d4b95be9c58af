package broker

// Histograms of how long requests take.

import (
	"math/bits"
	"time"

	"trawl/edge/wire"
)

// histogramBuckets is the number of buckets: four for every doubling, from
// 16 µs to four minutes, and one below. A quantile so is exact to a fifth.
const histogramBuckets = 97

// histogramFirst is log2 of the microseconds that the first bucket ends with.
const histogramFirst = 4

// histogram counts durations.
type histogram struct {
	counts [histogramBuckets]uint64
	total  uint64
	sum    time.Duration
}

// bucket returns the bucket of d; what is longer than the last one holds is in it, too.
func bucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < 1<<histogramFirst {
		return 0
	}
	e := bits.Len64(us) - 1
	quarter := us >> (e - 2) & 3
	return min((e-histogramFirst)*4+int(quarter)+1, histogramBuckets-1)
}

// bucketEnd is the smallest duration that is in none of the buckets 0 to i.
func bucketEnd(i int) time.Duration {
	if i == 0 {
		return time.Microsecond << histogramFirst
	}
	e, quarter := histogramFirst+(i-1)/4, (i-1)%4
	return time.Duration(5+quarter) << (e - 2) * time.Microsecond
}

func (h *histogram) observe(d time.Duration) {
	h.counts[bucket(d)]++
	h.total++
	h.sum += d
}

func (h *histogram) add(o *histogram) {
	h.total += o.total
	h.sum += o.sum
	for i, n := range o.counts {
		h.counts[i] += n
	}
}

// quantile returns a duration that a share q of all was not longer than: the
// end of the bucket in which that share is reached. 0 if nothing was counted.
func (h *histogram) quantile(q float64) time.Duration {
	need, n := q*float64(h.total), uint64(0)
	for i, c := range h.counts {
		if n += c; n > 0 && float64(n) >= need {
			return bucketEnd(i)
		}
	}
	return 0
}

// halve makes what was counted so far weigh half of what is to come.
func (h *histogram) halve() {
	h.total = 0
	for i := range h.counts {
		h.counts[i] /= 2
		h.total += h.counts[i]
	}
}

func (h *histogram) status() *wire.Latency {
	if h == nil {
		return nil
	}
	ms := func(q float64) float64 { return float64(h.quantile(q).Microseconds()) / 1000 }
	return &wire.Latency{Answers: int64(h.total), P50: ms(.5), P95: ms(.95), P99: ms(.99)}
}

// Package lab is what the benchmarks against peers have in common: medians and
// bars, programs that are measured, the machine, and Debian packages as data.
package lab

import (
	"cmp"
	"fmt"
	"slices"
)

// Median of at least one value.
func Median[T cmp.Ordered](x []T) T { return slices.Sorted(slices.Values(x))[len(x)/2] }

// MedianRatio is the median of a[i]/b[i]: what was measured shortly after one
// another is compared.
func MedianRatio(a, b []float64) float64 {
	ratios := make([]float64, min(len(a), len(b)))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return Median(ratios)
}

// AtLeast writes a ratio and its bar, in bold if it is below; a bar of 0 is none.
func AtLeast(ratio, bar float64) string { return withBar(ratio, "≥", bar, ratio < bar) }

// AtMost writes a ratio and its bar, in bold if it is above; a bar of 0 is none.
func AtMost(ratio, bar float64) string { return withBar(ratio, "≤", bar, ratio > bar) }

func withBar(ratio float64, relation string, bar float64, missed bool) string {
	switch {
	case bar == 0:
		return fmt.Sprintf("%.2f", ratio)
	case missed:
		return fmt.Sprintf("**%.2f** (%s %.2f)", ratio, relation, bar)
	}
	return fmt.Sprintf("%.2f (%s %.2f)", ratio, relation, bar)
}

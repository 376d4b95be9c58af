//go:build !race

package zmtp

// Allocations in steady state. The race detector makes pools forget at random,
// so these tests run without it.

import (
	"fmt"
	"runtime"
	"testing"
)

// A routed message costs at most one allocation, with everything that its
// connections do for it.
func TestRoutedMessageAllocatesAtMostOnce(t *testing.T) {
	for name, endpoint := range transports {
		for _, size := range []int{256, 16 << 10} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				const count = 3000
				var before, after runtime.MemStats
				routeRequests(t, endpoint(t), size, count, func() { runtime.ReadMemStats(&before) })
				runtime.ReadMemStats(&after)
				if n := float64(after.Mallocs-before.Mallocs) / (4 * count); n > 1 {
					t.Errorf("%.2f allocations per message", n)
				}
			})
		}
	}
}

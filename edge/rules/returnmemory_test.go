package rules

import (
	"runtime"
	"testing"
)

// Giving memory back takes none: however often it is done, between live objects that lie all
// over the heap.
func TestReturnedMemoryDoesNotGrowTheHeap(t *testing.T) {
	var live [][]byte
	for range 64 {
		live = append(live, make([]byte, 300<<10))
		_ = append([]byte(nil), make([]byte, 700<<10)...) // garbage
	}
	sys := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys
	}
	returnMemory()
	before := sys()
	for range 20 {
		_ = append([]byte(nil), make([]byte, 30<<20)...)
		returnMemory()
	}
	if after := sys(); after > before+128<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(live)
}

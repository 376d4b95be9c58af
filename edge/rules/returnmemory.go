package rules

// What a peak of memory leaves behind goes back to the system.

import (
	"runtime"
	"runtime/debug"
	"strings"
)

const (
	overlooked = 1 << 20   // bytes of free memory that may stay resident
	blockSize  = 512 << 10 // bytes
)

// returnMemory collects garbage and gives all free memory back to the system. The runtime (Go
// 1.26) overlooks free pages that lie above the place where its search stands in a chunk of 4 MB;
// on a busy machine every fifth worker kept 3 MB that way after it had compiled its rules, for
// good. Pages that are freed once more are looked at again: so the free memory is allocated, in
// blocks that nobody writes to and that take no memory therefore, and freed.
func returnMemory() {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapIdle-m.HeapReleased < overlooked {
		return
	}
	blocks := make([]strings.Builder, m.HeapIdle/blockSize)
	for i := range blocks {
		blocks[i].Grow(blockSize) // is not cleared, unlike what make makes
	}
	runtime.KeepAlive(blocks)
	debug.FreeOSMemory()
}

package worker

import (
	"runtime"
	"sync"
)

// beside is how many compilations run now.
var beside struct {
	sync.Mutex
	running int
	procs   int // GOMAXPROCS without them
}

// compileBeside runs compile with one more thread for Go code than usual. With the
// usual number, one per core, a request on a board of one core waits for the Go
// scheduler to take the compilation off, which is 10 ms for each of the goroutines
// that it passes through; with one more the system's scheduler decides, and prefers
// those that were asleep. DESIGN.md has the figures.
//
// (Setting the number by hand ends Go's own adapting of it to a change of the
// process's CPU limit. The number of slots does not change then either.)
func compileBeside(compile func()) {
	beside.Lock()
	if beside.running == 0 {
		beside.procs = runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(beside.procs + 1)
	}
	beside.running++
	beside.Unlock()
	defer func() {
		beside.Lock()
		defer beside.Unlock()
		if beside.running--; beside.running == 0 {
			runtime.GOMAXPROCS(beside.procs)
		}
	}()
	compile()
}

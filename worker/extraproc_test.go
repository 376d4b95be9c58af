package worker

import (
	"runtime"
	"testing"
)

func TestOneMoreThreadWhileCompiling(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	withExtraProc(func() {
		begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			withExtraProc(func() { close(begun); <-end })
		}()
		<-begun
		if n := runtime.GOMAXPROCS(0); n != procs+1 {
			t.Errorf("%d while two compile, want %d", n, procs+1)
		}
		close(end)
		<-ended
		if n := runtime.GOMAXPROCS(0); n != procs+1 {
			t.Errorf("%d while the other one still compiles, want %d", n, procs+1)
		}
	})
	if n := runtime.GOMAXPROCS(0); n != procs {
		t.Errorf("%d afterwards, want %d", n, procs)
	}
}

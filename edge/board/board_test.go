package board

import (
	"runtime"
	"testing"
)

func TestFacts(t *testing.T) {
	f := Read()
	if f.Cores < 1 || f.Arch != runtime.GOARCH {
		t.Errorf("facts %+v", f)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if f.Memory < 64<<20 {
		t.Errorf("memory %d bytes, want that of a real machine", f.Memory)
	}
	if r := Resident(); r < 1<<20 || r > f.Memory {
		t.Errorf("resident %d bytes of %d", r, f.Memory)
	}
}

package board

import (
	"runtime"
	"testing"
	"testing/fstest"
	"time"
)

func TestProcess(t *testing.T) {
	root := fstest.MapFS{
		"proc/self/status": {Data: []byte("Name:\ttrawl\nVmRSS:\t   14000 kB\n")},
		"proc/self/stat":   {Data: []byte("12 (a name) with (more) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1000 3500 18446744073709551615")},
		"proc/self/limits": {Data: []byte("Limit Soft Hard Units\nMax open files            1024                 524288               files\n")},
		"proc/self/fd/0":   {}, "proc/self/fd/1": {}, "proc/self/fd/2": {}, "proc/self/fd/3": {},
	}
	want := Process{Resident: 14000 << 10, CPU: 3 * time.Second, OpenFiles: 3, MaxFiles: 1024}
	if got := readProcess(root); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := readProcess(fstest.MapFS{"proc/self/stat": {Data: []byte("12 (short")}}); got != (Process{}) {
		t.Errorf("%+v", got)
	}
	if p := ReadProcess(); runtime.GOOS == "linux" && (p.Resident < 1<<20 || p.OpenFiles < 1 || p.MaxFiles < p.OpenFiles) {
		t.Errorf("this process: %+v", p)
	}
}

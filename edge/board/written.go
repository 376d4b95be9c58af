package board

// What a process has written to disks.

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Written returns the bytes that a process has caused to be written to disks since its start, as
// the kernel counts them (write_bytes of proc_pid_io(5)). Known is false on other systems, and for
// processes of other users. PID 0 stands for the calling process.
func Written(pid int) (bytes int64, known bool) {
	path := "/proc/self/io"
	if pid > 0 {
		path = fmt.Sprintf("/proc/%d/io", pid)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	return parseWritten(string(b))
}

func parseWritten(io string) (bytes int64, known bool) {
	for line := range strings.Lines(io) {
		if value, ok := strings.CutPrefix(line, "write_bytes:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

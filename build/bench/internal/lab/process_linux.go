// What a running process has taken so far: CPU time and memory.

package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the time that a running process has computed so far, all of its
// threads together: utime and stime of /proc/PID/stat, but exact.
func CPU(pid int) (time.Duration, error) {
	const ofProcess = 2 // CPUCLOCK_SCHED; clock_getcpuclockid(3) composes the same number
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|ofProcess, &t); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// Memory is a value of /proc/PID/status in bytes, as VmRSS (resident now) or
// VmHWM (most that was).
func Memory(pid int, name string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in %s", name, path)
}

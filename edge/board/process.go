package board

// The resources of this process.

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Process is what the system knows of this process.
type Process struct {
	Resident  int64         // bytes of memory
	CPU       time.Duration // user and system
	OpenFiles int
	MaxFiles  int // how many may be open
}

// ReadProcess asks the system.
func ReadProcess() Process { return readProcess(os.DirFS("/")) }

// clockTick is the unit of CPU time in /proc: a hundredth of a second in all that Linux shows to
// programs (USER_HZ, time(7)).
const clockTick = 10 * time.Millisecond

func readProcess(root fs.FS) Process {
	p := Process{Resident: kilobytes(root, "proc/self/status", "VmRSS:")}
	// The name in parentheses may hold anything. Behind it begins field 3 of proc(5); utime and
	// stime are fields 14 and 15.
	line := text(root, "proc/self/stat")
	if fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:]); len(fields) > 12 {
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		p.CPU = time.Duration(user+system) * clockTick
	}
	files, _ := fs.ReadDir(root, "proc/self/fd")
	p.OpenFiles = max(0, len(files)-1) // less the descriptor that the folder was read by
	for line := range strings.Lines(text(root, "proc/self/limits")) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok && len(strings.Fields(rest)) > 0 {
			p.MaxFiles, _ = strconv.Atoi(strings.Fields(rest)[0]) // 0 of "unlimited"
		}
	}
	return p
}

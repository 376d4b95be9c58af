package board

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Process is what the system says of this process.
type Process struct {
	Resident  int64         // bytes of memory
	CPU       time.Duration // user and system
	OpenFiles int
	MaxFiles  int // how many may be open
}

// ReadProcess asks it.
func ReadProcess() Process { return readProcess(os.DirFS("/")) }

// clockTick is the unit of CPU time in /proc: a hundredth of a second for all
// that Linux lets programs see (USER_HZ, time(7)).
const clockTick = 10 * time.Millisecond

func readProcess(root fs.FS) Process {
	p := Process{Resident: kilobytes(root, "proc/self/status", "VmRSS:")}
	// After the name in parentheses, which may hold anything: utime and stime are
	// fields 14 and 15 (proc(5)), of which the third is the first here.
	line := text(root, "proc/self/stat")
	if fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:]); len(fields) > 12 {
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		p.CPU = time.Duration(user+system) * clockTick
	}
	files, _ := fs.ReadDir(root, "proc/self/fd")
	p.OpenFiles = max(0, len(files)-1) // without the one that the folder was read by
	for line := range strings.Lines(text(root, "proc/self/limits")) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok && len(strings.Fields(rest)) > 0 {
			p.MaxFiles, _ = strconv.Atoi(strings.Fields(rest)[0]) // 0 of "unlimited"
		}
	}
	return p
}

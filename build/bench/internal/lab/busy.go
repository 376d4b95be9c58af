// How much of the machine others took during the run: figures from a busy
// machine mean little.

package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Busy is a moment: CPU time that passed on all cores, by everybody and by
// this program and its ended processes, since the machine and they started.
type Busy struct {
	all, worked, ours time.Duration
}

// Now is this moment.
func Now() Busy {
	b := Busy{ours: usage(syscall.RUSAGE_SELF) + usage(syscall.RUSAGE_CHILDREN)}
	stat, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(stat), "\n")
	const tick = 10 * time.Millisecond
	for i, f := range strings.Fields(line) { // cpu user nice system idle iowait irq softirq steal guest…
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil || i > 8 {
			continue
		}
		b.all += time.Duration(n) * tick
		if i != 4 && i != 5 {
			b.worked += time.Duration(n) * tick
		}
	}
	return b
}

func usage(who int) time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Others says what part of the machine other programs took since b.
func (b Busy) Others() string {
	n := Now()
	all := n.all - b.all
	if all <= 0 {
		return "an unknown part"
	}
	theirs := max(0, (n.worked-b.worked)-(n.ours-b.ours))
	return fmt.Sprintf("%.0f%%", 100*float64(theirs)/float64(all))
}

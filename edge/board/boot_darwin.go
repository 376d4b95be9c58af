package board

import (
	"time"

	"golang.org/x/sys/unix"
)

// Boot returns a name of the machine's boot, which no other boot has, and how long ago the boot was.
// An empty name: the system does not tell.
func Boot() (id string, since time.Duration) {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return "", 0
	}
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return "", 0
	}
	return id, time.Duration(t.Nano())
}

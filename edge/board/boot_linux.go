package board

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Boot returns a name of the board's boot, which no other boot has, and how long ago the boot was,
// with the time that the board has slept. Boards have no clock that says more. An empty name:
// the system does not tell.
func Boot() (id string, since time.Duration) {
	id = text(os.DirFS("/"), "proc/sys/kernel/random/boot_id")
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return "", 0
	}
	return id, time.Duration(t.Nano())
}

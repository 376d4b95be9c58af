package notify

// The monotonic clock of systemd's messages.

import "golang.org/x/sys/unix"

// monotonicMicroseconds is the clock of RELOADING's MONOTONIC_USEC.
func monotonicMicroseconds() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return t.Nano() / 1000
}

package board

// The wall clock.

import "golang.org/x/sys/unix"

// ClockSynchronised reports whether the kernel considers the wall clock synchronised; known is
// false if the kernel does not tell.
func ClockSynchronised() (synchronised, known bool) {
	var t unix.Timex // with no mode, nothing is set
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}

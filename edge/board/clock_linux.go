package board

import "golang.org/x/sys/unix"

// ClockSynchronised reports whether the kernel knows that its wall clock is right;
// known is false if it does not tell.
func ClockSynchronised() (synchronised, known bool) {
	var t unix.Timex // with no mode, nothing is set
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}

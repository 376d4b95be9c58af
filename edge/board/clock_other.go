//go:build !linux

package board

// ClockSynchronised: this system does not tell.
func ClockSynchronised() (synchronised, known bool) { return false, false }

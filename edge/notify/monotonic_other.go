//go:build !linux

package notify

// monotonicMicroseconds: there is no systemd here.
func monotonicMicroseconds() int64 { return 0 }

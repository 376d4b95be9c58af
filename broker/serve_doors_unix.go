//go:build unix

package broker

import "syscall"

// fileLimit is how many descriptors this process may have; 0 if that is not known. The
// runtime has raised it as far as it may be at the start.
func fileLimit() int64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return int64(min(uint64(l.Cur), 1<<20))
}

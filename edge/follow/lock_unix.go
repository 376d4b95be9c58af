//go:build unix

package follow

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks a file until Close; false: another process has the lock.
func lockFile(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != unix.EWOULDBLOCK
}

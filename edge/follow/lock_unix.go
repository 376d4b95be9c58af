//go:build unix

package follow

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks a file until it is closed; false: another process has it locked.
func lockFile(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != unix.EWOULDBLOCK
}

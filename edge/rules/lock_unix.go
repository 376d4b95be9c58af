//go:build unix

package rules

// Locks on packs: whether a process has a pack open.

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockShared marks a file as in use until the file is closed; false: a clean-up is about to remove
// the file. On a file system without locks the result is true, and nothing is ever removed.
func lockShared(f *os.File) bool {
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// lockExclusive reports whether nobody uses the file, and keeps others from starting to use it
// until the file is closed.
func lockExclusive(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

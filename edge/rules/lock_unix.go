//go:build unix

package rules

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockShared marks a file as in use until it is closed; false: somebody is
// about to remove it. A file system without locks will do: then nothing is ever
// removed.
func lockShared(f *os.File) bool {
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// lockAlone reports whether nobody uses the file, and sees to it that nobody
// begins to until it is closed.
func lockAlone(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

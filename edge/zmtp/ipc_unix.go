//go:build unix && !illumos && !solaris && !aix

package zmtp

// What ipc:// needs of the operating system: a lock around looking at a socket
// file and replacing it, and permissions before the file is there.

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// directoryLockWait bounds the wait for the lock: everybody who may read the directory may hold the
// lock, and starting without the lock is better than not starting.
const directoryLockWait = time.Second

// lockDirectory keeps other listeners from replacing socket files next to path until unlock.
// Otherwise two listeners starting at once over a stale file could remove each other's socket.
// Without the right to read the directory there is no lock.
func lockDirectory(path string) (unlock func()) {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return func() {}
	}
	for deadline := time.Now().Add(directoryLockWait); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(int(directory.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK && err != unix.EINTR || time.Now().After(deadline) {
			return func() { directory.Close() }
		}
	}
}

// restrictSocket sets the mode, less the process's umask, of the socket file that Linux makes in
// bind. Other systems ignore or refuse the mode.
func restrictSocket(fd uintptr, mode os.FileMode) {
	_ = unix.Fchmod(int(fd), uint32(mode.Perm()))
}

//go:build unix

package board

// Room on a disk.

import "golang.org/x/sys/unix"

// Free returns the bytes that a program without root rights can still write below a folder; known
// is false if the system does not tell.
func Free(dir string) (bytes int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}

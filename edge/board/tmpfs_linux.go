package board

// Folders in memory.

import "golang.org/x/sys/unix"

// IsTmpfs reports whether a folder lies in memory, where writing wears no memory card. Known is
// false if the folder cannot be examined.
func IsTmpfs(dir string) (isTmpfs, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return false, false
	}
	return s.Type == unix.TMPFS_MAGIC || s.Type == unix.RAMFS_MAGIC, true
}

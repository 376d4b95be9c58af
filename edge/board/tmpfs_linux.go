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
	magic := uint32(s.Type) // its width and sign are those of the architecture
	return magic == unix.TMPFS_MAGIC || magic == unix.RAMFS_MAGIC, true
}

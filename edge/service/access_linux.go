package service

// File access on Linux: access lists, and file systems without room for files.

import (
	"errors"

	"golang.org/x/sys/unix"
)

// accessList reads the access list of a file; nil: the file has none, or the file system has no
// access lists.
func accessList(path string) []aclEntry {
	b := make([]byte, aclHead+1024*aclEntrySize)
	n, err := unix.Getxattr(path, "system.posix_acl_access", b)
	if err != nil {
		return nil
	}
	return parseACL(b[:n])
}

// errNoFiles is about /proc, /sys and the like.
var errNoFiles = errors.New("its file system is made by the kernel and takes no files")

// unwritable reports why nobody can make files in a folder; nil: somebody may.
func unwritable(dir string) error {
	if err := unix.Access(dir, unix.W_OK); errors.Is(err, unix.EROFS) {
		return errors.New("its file system is mounted read-only: mount it for writing, or name another folder")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil
	}
	switch int64(fs.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC:
		return errNoFiles
	}
	return nil
}

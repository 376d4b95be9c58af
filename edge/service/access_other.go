//go:build !linux

package service

// File access elsewhere.

import (
	"errors"

	"golang.org/x/sys/unix"
)

// accessList ignores access lists of other systems, so a refusal names the mode.
func accessList(string) []aclEntry { return nil }

// unwritable reports why nobody can make files in a folder; nil: somebody may.
func unwritable(dir string) error {
	if err := unix.Access(dir, unix.W_OK); errors.Is(err, unix.EROFS) {
		return errors.New("its file system is mounted read-only: mount it for writing, or name another folder")
	}
	return nil
}

//go:build unix

package follow

import (
	"io/fs"
	"syscall"
)

// keyOf tells existing files apart.
func keyOf(_ string, info fs.FileInfo) fileKey {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileKey{uint64(s.Dev), s.Ino}
	}
	return fileKey{}
}

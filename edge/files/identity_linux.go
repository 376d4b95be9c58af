package files

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity is the file's device and number, and when anything of it was changed, which
// nobody can set.
func identity(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprint(s.Dev, s.Ino, s.Ctim)
	}
	return ""
}

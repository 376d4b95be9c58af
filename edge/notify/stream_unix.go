//go:build unix

package notify

import (
	"fmt"
	"os"
	"syscall"
)

// deviceAndInode names a file as JOURNAL_STREAM does; empty: it cannot.
func deviceAndInode(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

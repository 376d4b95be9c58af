//go:build unix

package notify

// The identity of a stream, as the journal names it.

import (
	"fmt"
	"os"
	"syscall"
)

// deviceAndInode returns the identity of a file in the form of JOURNAL_STREAM; empty: unknown.
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

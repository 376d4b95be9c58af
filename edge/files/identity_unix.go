//go:build linux || darwin

package files

// The identity of a file on Linux and macOS.

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// identity returns the file's device and number, and its time of change (ctime), which no
// program can set.
func identity(f *os.File) string {
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return err.Error()
	}
	return fmt.Sprint(s.Dev, s.Ino, s.Ctim)
}

//go:build unix

package match

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED|mapFlags)
}

func unmapFile(data []byte) error { return unix.Munmap(data) }

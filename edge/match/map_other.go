//go:build !unix

package match

import (
	"io"
	"os"
)

// mapFile reads the file: there are no maps here, as far as this package knows.
func mapFile(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, int64(size)), data)
	return data, err
}

func unmapFile([]byte) error { return nil }

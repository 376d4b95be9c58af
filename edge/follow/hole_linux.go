package follow

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// afterHole returns the offset of the first byte from offset on that is in no hole of the
// file; end: there is none.
func afterHole(f *os.File, offset int64) (next int64, end bool) {
	next, err := f.Seek(offset, unix.SEEK_DATA)
	if err != nil {
		return offset, errors.Is(err, unix.ENXIO)
	}
	return max(next, offset), false
}

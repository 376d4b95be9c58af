package follow

// Encodings: which texts are not read.

import (
	"bytes"
	"errors"
	"time"
)

var (
	markUTF8 = []byte("\xef\xbb\xbf")
	// Marks of UTF-16. UTF-32 begins with equal bytes.
	markLE, markBE = []byte("\xff\xfe"), []byte("\xfe\xff")
	mark32         = []byte("\x00\x00\xfe\xff")
)

// isForeign says whether a text is in an encoding with more than one byte for a line feed.
func isForeign(prefix []byte) bool {
	return bytes.HasPrefix(prefix, markLE) || bytes.HasPrefix(prefix, markBE) || bytes.HasPrefix(prefix, mark32)
}

var errForeign = errors.New("the text is in UTF-16 or UTF-32, which is not matched; have it written in UTF-8")

// skip keeps a file open that is not read.
func (f *Follower) skip(now time.Time, x *openFile) {
	f.mu.Lock()
	x.skipped = true
	f.mu.Unlock()
	x.ready = false
	f.trouble(now, x.path, errForeign)
}

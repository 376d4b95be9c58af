package follow

// Contents of compressed files.

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
)

// unzipper reads a compressed file. One takes 40 KB.
type unzipper struct {
	zip *gzip.Reader
}

// errIncomplete: a compressed file ends too early. Its writer may not be done.
var errIncomplete = errors.New("the compressed file is damaged or not complete")

func newUnzipper(f *os.File) (*unzipper, error) {
	z, err := gzip.NewReader(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return nil, errIncomplete
	}
	return &unzipper{z}, nil
}

// read fills b. Fewer bytes than that come with io.EOF at the end of the content.
func (u *unzipper) read(b []byte) (n int, err error) {
	n, err = io.ReadFull(u.zip, b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF) && u.atEnd():
		return n, io.EOF
	}
	return n, errIncomplete
}

// atEnd tells the end of the content from that of a file that was cut off: both give
// io.ErrUnexpectedEOF when a buffer is not filled.
func (u *unzipper) atEnd() bool {
	_, err := u.zip.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// skip passes over n bytes. It returns how many there were.
func (u *unzipper) skip(n int64) (int64, error) {
	done, err := io.CopyN(io.Discard, u.zip, n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errIncomplete
	}
	return done, err
}

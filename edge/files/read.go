// Opening and reading: what is no regular file is refused, and every read is bounded.

package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"trawl/edge/ondemand"
)

// ErrNotRegular is behind the error for what is no file: a folder, a named pipe, a
// device, a socket.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge is behind the error for a file with more bytes than were asked for.
var ErrTooLarge = errors.New("too large")

// Open opens a regular file for reading. It does not wait for what is none, nor touch
// it. The null device counts as an empty file.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := regular(path, info); err != nil { // opening could have an effect
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = regular(path, info) // it may have been replaced in between
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// OpenInput is Open for what a user names on a command line, where a shell's process
// substitution, as in <(command), and redirections are files, too: it also opens the
// descriptors that the process was started with, by their paths in /dev/fd and /proc,
// whatever they are. Their content can be read once.
func OpenInput(path string) (*os.File, fs.FileInfo, error) {
	f, info, err := Open(path)
	if !errors.Is(err, ErrNotRegular) || !inherited.Get().MatchString(path) {
		return f, info, err
	}
	if f, err = os.Open(path); err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && info.IsDir() {
		err = regular(path, info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// inherited are the paths of descriptors: those that shells make, and the standard input.
var inherited = ondemand.Regexp{Expr: `^(/dev/stdin|(/dev/fd|/proc/(self|thread-self|[0-9]+)/fd)/[0-9]+)$`}

// regular says what is there in place of a regular file; nil if it is one.
func regular(path string, info fs.FileInfo) error {
	mode := info.Mode()
	if mode.IsRegular() || path == os.DevNull {
		return nil
	}
	what, do := "a device", "name a file"
	switch {
	case mode.IsDir():
		what = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		what, do = "a named pipe", "save what comes out of it to a file"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	}
	return &fs.PathError{Op: "open", Path: path, Err: &notRegular{what, do}}
}

type notRegular struct{ what, do string }

func (e *notRegular) Error() string {
	return "is " + e.what + ", not a regular file; " + e.do
}

func (e *notRegular) Unwrap() error { return ErrNotRegular }

// Read returns the content of a regular file of at most so many bytes.
func Read(path string, most int64) ([]byte, error) {
	f, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, path, most)
}

// ReadInput is Read of what OpenInput opens.
func ReadInput(path string, most int64) ([]byte, error) {
	f, _, err := OpenInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, path, most)
}

// ReadAll returns what r holds, at most so many bytes; path is its name in the error.
func ReadAll(r io.Reader, path string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: it has more than %d bytes, so it is something else than what is expected here", ErrTooLarge, most)}
	}
	return data, nil
}

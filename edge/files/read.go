package files

// Opening and reading: everything but a regular file is refused, and every read is bounded.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"trawl/edge/ondemand"
)

// ErrNotRegular is wrapped by the error for a folder, a named pipe, a device or a socket.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge is wrapped by the error for a file with more bytes than the caller allows.
var ErrTooLarge = errors.New("too large")

// Open opens a regular file for reading. Anything else is an error and is not opened, so Open never
// waits. The null device counts as an empty file.
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
		err = regular(path, info) // the file may have been replaced in between
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// OpenInput is Open for paths on a command line, where a shell's redirections and process
// substitutions, as <(command), are files too. OpenInput also opens the descriptors that the
// process was started with, by their paths in /dev/fd and /proc, whether they are files or not. The
// content of a descriptor can be read once.
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

// inherited matches the paths of descriptors: those of process substitutions, and of the standard
// input.
var inherited = ondemand.Regexp{Expr: `^(/dev/stdin|(/dev/fd|/proc/(self|thread-self|[0-9]+)/fd)/[0-9]+)$`}

// regular returns nil for a regular file, else an error that names the kind of file.
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

// Read returns the content of a regular file of at most limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	f, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, path, limit)
}

// ReadInput is Read for paths on a command line; see [OpenInput].
func ReadInput(path string, limit int64) ([]byte, error) {
	f, _, err := OpenInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, path, limit)
}

// ReadAll returns the content of r, at most limit bytes. Errors name path.
func ReadAll(r io.Reader, path string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: it has more than %d bytes, so it is something else than what is expected here", ErrTooLarge, limit)}
	}
	return data, nil
}

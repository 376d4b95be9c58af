package service

// The file of a service: written as a whole, and restored after a failed installation.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"trawl/edge/files"
	"trawl/systemd"
)

// replaced remembers a file that place has written, and the file before.
type replaced struct {
	path    string
	old     []byte // the content before; nil: there was no file
	foreign bool   // trawl had not made the old file
}

// place writes the file of the service, and makes the service's user. A previous file of somebody
// else is saved beside the new one. An error leaves everything unchanged.
func (s *Service) place(file, text string, say Say) (*replaced, error) {
	if s.options.Own {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, cannotWrite(file, err)
		}
	}
	if err := s.ensureReadable(say); err != nil {
		return nil, err
	}
	old, foreign, err := readUnit(file)
	if err != nil {
		return nil, err
	}
	r := &replaced{path: file, old: old, foreign: foreign}
	if err := replaceUnit(file, []byte(text), r.save); err != nil {
		return nil, cannotWrite(file, err)
	}
	return r, nil
}

// replaceUnit writes a file that everybody may read, whatever the umask. before, if not nil, is
// called when the new content is on the disk but not yet in place.
func replaceUnit(path string, text []byte, before func() error) error {
	const mode = 0o644
	return files.ReplaceFunc(path, mode, func(f *os.File) error {
		_, err := f.Write(text)
		if err = errors.Join(err, f.Chmod(mode)); err != nil || before == nil {
			return err
		}
		return before()
	})
}

// save keeps the file that place is about to replace, unless trawl had made the file.
func (r *replaced) save() error {
	if !r.foreign {
		return nil
	}
	return replaceUnit(r.saved(), r.old, nil)
}

// saved is the path of a saved file of somebody else.
func (r *replaced) saved() string { return r.path + ".old" }

// undo restores the state before place.
func (r *replaced) undo() error {
	if r.old == nil {
		return errors.Join(os.Remove(r.path), files.SyncFolder(filepath.Dir(r.path)))
	}
	err := replaceUnit(r.path, r.old, nil)
	if err == nil && r.foreign {
		_ = os.Remove(r.saved())
	}
	return err
}

// maxUnit bounds the file of a service, in bytes.
const maxUnit = 1 << 20

// readUnit reads the file at path. foreign reports a file that trawl has not made. A link is an
// error, because it may be a mask of systemd.
func readUnit(path string) (text []byte, foreign bool, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case info.Mode()&fs.ModeSymlink != 0:
		to, _ := os.Readlink(path)
		if to == os.DevNull {
			return nil, false, fmt.Errorf("%s is masked: somebody has forbidden this service; allow it with: systemctl unmask %s", path, filepath.Base(path))
		}
		return nil, false, fmt.Errorf("%s is a link to %s, which trawl does not replace: remove the link first", path, to)
	case !info.Mode().IsRegular():
		return nil, false, fmt.Errorf("%s is no regular file: remove it first", path)
	}
	text, err = files.Read(path, maxUnit)
	if text == nil {
		text = []byte{}
	}
	return text, !strings.Contains(string(text), systemd.Mark), err
}

// cannotWrite adds advice to an error of writing.
func cannotWrite(path string, err error) error {
	what := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		what = "; the disk is full: make room, then install again"
	case errors.Is(err, syscall.EROFS):
		what = "; the file system is mounted read-only: mount it for writing (mount -o remount,rw /, or without the overlay of raspi-config), then install again"
	case errors.Is(err, fs.ErrNotExist):
		what = "; its folder is missing"
	}
	return fmt.Errorf("cannot write %s, nothing was changed: %w%s", path, err, what)
}

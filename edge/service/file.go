package service

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

// pending is a file written beside its place: whole and on the disk, so that only
// a rename is left to do.
type pending struct {
	path, temp string
	old        []byte // what was in its place; nil: nothing
	foreign    bool   // and we had not made that
}

// place writes the service's file: the steps that systemd and launchd share. What
// was there before, and whether we had not made it, is in the result.
func (s *Service) place(file, text string, say Say) (*pending, error) {
	if s.options.Own {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, cannotWrite(file, err)
		}
	}
	if err := s.admit(say); err != nil {
		return nil, err
	}
	next, err := stage(file, text)
	if err != nil {
		return nil, err
	}
	return next, next.commit()
}

// stage writes text beside path. An error leaves everything as it was.
func stage(path, text string) (p *pending, err error) {
	old, foreign, err := readUnit(path)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".trawl-*")
	if err != nil {
		return nil, cannotWrite(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = cannotWrite(path, err)
		}
	}()
	if _, err = f.WriteString(text); err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	return &pending{path: path, temp: f.Name(), old: old, foreign: foreign}, err
}

// maxUnit bounds a file that describes a service, in bytes.
const maxUnit = 1 << 20

// readUnit reads what is at path. One that we had not made is foreign; a link is an
// error, as it may be a mask.
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

// saved is where a file that we had not made is kept.
func (p *pending) saved() string { return p.path + ".old" }

// commit puts the file in its place. What somebody else had written there is kept.
func (p *pending) commit() error {
	err := error(nil)
	if p.foreign {
		err = replaceFile(p.saved(), p.old)
	}
	if err == nil {
		err = os.Rename(p.temp, p.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(p.path))
	}
	if err != nil {
		p.discard()
		return cannotWrite(p.path, err)
	}
	return nil
}

// discard removes a file that was not put in its place.
func (p *pending) discard() { _ = os.Remove(p.temp) }

// undo puts back what was there before commit.
func (p *pending) undo() error {
	if p.old == nil {
		return errors.Join(os.Remove(p.path), syncFolder(filepath.Dir(p.path)))
	}
	err := replaceFile(p.path, p.old)
	if err == nil && p.foreign {
		_ = os.Remove(p.saved())
	}
	return err
}

// replaceFile writes a file so that it is the old or the new one at any time.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".trawl-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes renames in a folder last through a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems cannot
		return err
	}
	return nil
}

// cannotWrite says what to do about it.
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

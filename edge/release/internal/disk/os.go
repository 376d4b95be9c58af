package disk

// The system's own file system.

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"trawl/edge/files"
)

// OS is the file system of the board. Files are for their owner alone.
type OS struct{}

const (
	fileMode   = 0o600
	folderMode = 0o700
)

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) Truncate(size int64) error {
	if err := f.File.Truncate(size); err != nil {
		return err
	}
	_, err := f.Seek(size, io.SeekStart)
	return err
}

func (OS) Open(path string) (File, error) {
	f, _, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (OS) Create(path string) (File, error) {
	return open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (OS) Extend(path string) (File, error) {
	return open(path, os.O_RDWR|os.O_CREATE)
}

// open opens what is a regular file, or nothing yet: a named pipe would be waited for.
func open(path string, flags int) (File, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: files.ErrNotRegular}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, flags, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (OS) Rename(from, to string) error { return os.Rename(from, to) }
func (OS) Remove(path string) error     { return os.Remove(path) }

func (OS) List(folder string) ([]Entry, error) {
	found, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, e := range found {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		switch {
		case info.IsDir():
			list = append(list, Entry{Name: e.Name(), Folder: true})
		case info.Mode().IsRegular():
			list = append(list, Entry{Name: e.Name(), Size: info.Size()})
		}
	}
	return list, nil
}

func (d OS) MakeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := d.MakeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.SyncFolder(parent)
}

func (OS) SyncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (OS) TryLock(path string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, false, err
	}
	if ok, err = lock(f); !ok || err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, true, nil
}

// Package disk is what the stores of releases ask of a file system, so that tests can stop
// a store between any two steps and look at what a power cut leaves behind.
//
//	err := disk.WriteFile(disk.OS{}, path, data)  // whole and on the disk, or not there
//
// [OS] is the system's. Package disktest has one in memory that loses what was not synced.
package disk

import (
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"trawl/edge/files"
)

// FS is a file system. Errors are those of package os: a missing file wraps fs.ErrNotExist.
type FS interface {
	// Open opens a regular file for reading.
	Open(path string) (File, error)
	// Create opens an empty file for writing; what was in the file before is gone.
	Create(path string) (File, error)
	// Extend opens a file for reading and writing, and makes the file if there is none.
	Extend(path string) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	// List returns what is in a folder, in any order; nothing if there is no folder.
	List(folder string) ([]Entry, error)
	// MakeFolder makes a folder, with its parents, that is there after a power cut.
	MakeFolder(path string) error
	// SyncFolder makes the names in a folder last through a power cut.
	SyncFolder(path string) error
	// TryLock takes a lock that all processes respect; ok is false while another has the lock.
	// The system gives the lock back when the process ends.
	TryLock(path string) (unlock func(), ok bool, err error)
}

// File is an open file.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.Closer
	Size() (int64, error)
	// Truncate cuts the file; what is written next follows its new end.
	Truncate(size int64) error
	Sync() error
}

// Entry is a name in a folder.
type Entry struct {
	Name   string
	Size   int64 // bytes, of a regular file
	Folder bool
}

// TempSuffix ends the names of files that are not whole yet. A store removes those that
// it finds at its start.
const TempSuffix = "~"

// WriteFile puts data into the file at path: after a power cut the file holds either what
// it held before or data, and data once WriteFile has returned.
func WriteFile(d FS, path string, data []byte) error {
	if err := WriteUnsynced(d, path, data); err != nil {
		return err
	}
	return d.SyncFolder(filepath.Dir(path))
}

// WriteUnsynced is WriteFile without the folder: the caller calls SyncFolder, once for
// several files.
func WriteUnsynced(d FS, path string, data []byte) error {
	temp := path + TempSuffix
	f, err := d.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = d.Rename(temp, path)
	}
	if err != nil {
		_ = d.Remove(temp) // or the next start does
	}
	return err
}

// ReadFile returns the content of a file of at most so many bytes.
func ReadFile(d FS, path string, most int64) ([]byte, error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: more than %d bytes", files.ErrTooLarge, most)}
	}
	return data, nil
}

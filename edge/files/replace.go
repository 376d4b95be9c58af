//go:build !windows

package files

// Writing: a file is the old or the new one at any time, also after a power cut.

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Replace gives path the content data, on the disk. See [ReplaceFunc].
func Replace(path string, mode fs.FileMode, data []byte) error {
	return ReplaceFunc(path, mode, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// ReplaceFunc gives path the content that fill writes. fill gets a temporary file in the folder of
// path, with the rights mode less the umask, and must not close the file. Once fill has returned
// nil and the content is on the disk, the temporary file takes the place of path. After an error
// path is unchanged.
func ReplaceFunc(path string, mode fs.FileMode, fill func(*os.File) error) error {
	folder := filepath.Dir(path)
	t, err := renameio.NewPendingFile(path, renameio.WithTempDir(folder), renameio.WithPermissions(mode))
	if err != nil {
		return err
	}
	defer t.Cleanup()
	if err := fill(t.File); err != nil {
		return err
	}
	if err := t.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return SyncFolder(folder)
}

package files

// Folders on the disk: a new name of a file lasts through a power cut once the folder is synced.

import (
	"errors"
	"os"
	"syscall"
)

// SyncFolder makes renames and removals in a folder last through a power cut. A file system without
// syncing of folders is no error.
func SyncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// What tells that a file has changed.

package files

import (
	"crypto/sha256"
	"fmt"
)

// Stamp changes when the file at path does, or becomes another one, or cannot be read.
// It has the file's number, its size, its times of change (of its content, and of
// anything), and of a file of at most so many bytes a hash of the content: on some
// systems another file may have all the others in common. Nothing but equality means
// anything.
func Stamp(path string, hashed int64) string {
	f, info, err := Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	stamp := fmt.Sprint(info.Mode().Type(), info.Size(), info.ModTime().UnixNano(), identity(info))
	if info.Size() > hashed {
		return stamp
	}
	content, err := ReadAll(f, path, hashed)
	if err != nil {
		return stamp + err.Error()
	}
	return fmt.Sprintf("%s %x", stamp, sha256.Sum256(content))
}

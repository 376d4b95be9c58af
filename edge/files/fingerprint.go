package files

// Fingerprints: how a change of a file is noticed.

import (
	"crypto/sha256"
	"fmt"
)

// Fingerprint returns a text that changes when the file at path changes, is replaced, or cannot be
// read. The text is made of the file's number, size and times of change (of the content, and of
// anything), and, up to hashed bytes, of a hash of the content: on some systems another file may
// agree in everything else. Two fingerprints can be compared for equality only.
func Fingerprint(path string, hashed int64) string {
	f, info, err := Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	stamp := fmt.Sprint(info.Mode().Type(), info.Size(), info.ModTime().UnixNano(), identity(f))
	if info.Size() > hashed {
		return stamp
	}
	content, err := ReadAll(f, path, hashed)
	if err != nil {
		return stamp + err.Error()
	}
	return fmt.Sprintf("%s %x", stamp, sha256.Sum256(content))
}

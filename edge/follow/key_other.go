//go:build !unix

package follow

import (
	"hash/fnv"
	"io/fs"
)

// keyOf tells files apart by their paths, so that a renamed file is one with other content.
func keyOf(path string, _ fs.FileInfo) fileKey {
	h := fnv.New64a()
	h.Write([]byte(path))
	return fileKey{1, h.Sum64()}
}

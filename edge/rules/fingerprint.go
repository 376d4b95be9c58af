package rules

// Fingerprints of sources: whether they have changed, and whether they can be read again.

import (
	"fmt"
	"os"
	"strings"

	"trawl/edge/files"
	"trawl/edge/problem"
)

// hashedSize is the largest rule file whose content is hashed, in bytes: hashing this much every
// two seconds takes an ARMv6 a hundredth of a core.
const hashedSize = 64 << 10

// Fingerprint returns a text that changes when a file at paths, or a rule file in a folder, changes
// or becomes unreadable; see [files.Fingerprint]. Two results can be compared for equality only.
func Fingerprint(paths []string) string {
	var b strings.Builder
	for _, path := range Expand(paths) {
		fmt.Fprintf(&b, "%q %s\n", path, files.Fingerprint(path, hashedSize))
	}
	return b.String()
}

// CheckRereadable returns an error if the files at paths cannot be read a second time, such as a
// pipe, which would block. Missing files are no error here: reading will report them.
func CheckRereadable(paths []string) error {
	var p problem.Collector
	for _, path := range Expand(paths) {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			p.Add(path, 0, "is no regular file and cannot be read a second time; restart with it, or save what it holds to a file")
		}
	}
	return p.Err()
}

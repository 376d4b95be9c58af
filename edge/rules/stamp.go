// What tells that sources have changed.

package rules

import (
	"fmt"
	"os"
	"strings"

	"trawl/edge/files"
)

// hashedSize is up to which size a rule file's content is in its stamp, in bytes: to hash
// it every two seconds takes an ARMv6 a hundredth of a core.
const hashedSize = 64 << 10

// Stamp changes when one of the files at paths does, or the rule files of a folder, or
// they become unreadable; see [files.Stamp]. Nothing but equality means anything.
func Stamp(paths []string) string {
	var b strings.Builder
	for _, path := range expand(paths) {
		fmt.Fprintf(&b, "%q %s\n", path, files.Stamp(path, hashedSize))
	}
	return b.String()
}

// Again says why the files at paths cannot be read a second time; nil if they can,
// or if reading them will tell. A pipe would be waited for without end.
func Again(paths []string) error {
	var p problems
	for _, path := range expand(paths) {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			p.add(path, 0, "is no regular file and cannot be read a second time; restart with it, or save what it holds to a file")
		}
	}
	return p.err()
}

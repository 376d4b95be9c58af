// What tells that sources have changed, without reading them.

package rules

import (
	"fmt"
	"os"
	"strings"
)

// Stamp changes when one of the files at paths does, or the rule files of a
// folder, or they become unreadable: it says of each file its time, its size, and
// which file it is, so that one that another was renamed to counts as changed.
// It costs a stat for each file. Nothing but equality means anything.
func Stamp(paths []string) string {
	var b strings.Builder
	for _, path := range expand(paths) {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		if !info.Mode().IsRegular() {
			fmt.Fprintf(&b, "%q %v\n", path, info.Mode().Type()) // see Again
			continue
		}
		fmt.Fprintf(&b, "%q %d %d %d\n", path, info.ModTime().UnixNano(), info.Size(), inode(info))
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

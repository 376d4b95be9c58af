// What is wrong with rules, and where.

package rules

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"trawl/edge/escape"
)

// Problem is one thing that is wrong.
type Problem struct {
	File    string // empty: no file in particular
	Line    int    // from 1; 0: the file as a whole
	Message string
}

// String is "file:line: message", on one line whatever rules and file names hold.
func (p Problem) String() string {
	file, message := escape.Line(p.File), escape.Cut(p.Message, maxMessage)
	switch {
	case file == "":
		return message
	case p.Line == 0:
		return file + ": " + message
	}
	return file + ":" + strconv.Itoa(p.Line) + ": " + message
}

// maxMessage bounds a message, in bytes. What it quotes is cut where it is made.
const maxMessage = 2000

// Problems is the error that names everything that is wrong, one line each.
// At most maxProblems are kept; then the last one says how many more there are.
type Problems []Problem

func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// maxProblems bounds memory and patience: a file of the wrong kind can have a
// problem on each of a million lines.
const maxProblems = 100

// problems collects. The zero value is ready for use.
type problems struct {
	list Problems
	more int
}

// add notes a problem. Texts among args, which may be a stranger's, are cut; see
// [escape.Sprintf].
func (ps *problems) add(file string, line int, format string, args ...any) {
	if len(ps.list) >= maxProblems {
		ps.more++
		return
	}
	ps.list = append(ps.list, Problem{file, line, escape.Sprintf(format, args...)})
}

// count is how many there were, kept or not.
func (ps *problems) count() int { return len(ps.list) + ps.more }

// sort puts the problems into the order of the files in paths, and of their
// lines.
func (ps *problems) sort(paths ...string) {
	order := make(map[string]int, len(paths))
	for i, path := range paths {
		if _, ok := order[path]; !ok {
			order[path] = i
		}
	}
	sort.SliceStable(ps.list, func(a, b int) bool {
		x, y := &ps.list[a], &ps.list[b]
		if order[x.File] != order[y.File] {
			return order[x.File] < order[y.File]
		}
		return x.Line < y.Line
	})
}

// err returns Problems, or nil if there are none.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	if ps.more > 0 {
		return append(ps.list[:len(ps.list):len(ps.list)], Problem{Message: fmt.Sprintf("and %s more", thousands(ps.more))})
	}
	return ps.list
}

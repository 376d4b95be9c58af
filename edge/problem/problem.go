// Package problem reports all mistakes in a file at once: correcting a file does not take a new
// start of the command for each mistake.
//
//	var found problem.Collector
//	found.Add("rules.yaml", 7, "unknown key %q", key)
//	found.Sort("rules.yaml")
//	return found.Err() // a problem.List, or nil
//
// A problem is one line of output, "file:line: message", whatever strangers have written into the
// file or into its name.
package problem

import (
	"sort"
	"strconv"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/human"
)

const (
	// maxProblems bounds memory and output: a file of the wrong kind can have a problem on
	// each of a million lines.
	maxProblems = 100
	// maxMessage bounds a message, in bytes. Add shortens the texts that a message quotes.
	maxMessage = 2000
)

// Problem is one mistake.
type Problem struct {
	File    string // or another origin, as "env TRAWL_BROKER"; empty: no file in particular
	Line    int    // from 1; 0: the file as a whole
	Message string
}

// Error returns "file:line: message" on one line.
func (p Problem) Error() string {
	file, message := escape.Line(p.File), escape.Cut(p.Message, maxMessage)
	switch {
	case file == "":
		return message
	case p.Line == 0:
		return file + ": " + message
	}
	return file + ":" + strconv.Itoa(p.Line) + ": " + message
}

// List is the error of all problems, one line each. A Collector makes lists of at most 100
// problems, with one more entry that counts the rest.
type List []Problem

func (l List) Error() string {
	lines := make([]string, len(l))
	for i, p := range l {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Collector collects problems. The zero value is ready for use.
type Collector struct {
	list List // the first maxProblems
	more int  // problems beyond list
}

// Add notes a problem. [escape.Sprintf] formats the message and shortens texts among args.
func (c *Collector) Add(file string, line int, format string, args ...any) {
	c.Append(Problem{file, line, escape.Sprintf(format, args...)})
}

// Append notes problems found by another function.
func (c *Collector) Append(problems ...Problem) {
	n := min(len(problems), maxProblems-len(c.list))
	c.list = append(c.list, problems[:n]...)
	c.more += len(problems) - n
}

// Count returns the number of problems noted.
func (c *Collector) Count() int { return len(c.list) + c.more }

// Sort orders problems by file and line: first problems without a file, then the files in paths, in
// that order, then other files in the order of their first problems.
func (c *Collector) Sort(paths ...string) {
	order := map[string]int{"": 0}
	rank := func(file string) {
		if _, ok := order[file]; !ok {
			order[file] = len(order)
		}
	}
	for _, path := range paths {
		rank(path)
	}
	for i := range c.list {
		rank(c.list[i].File)
	}
	sort.SliceStable(c.list, func(a, b int) bool {
		x, y := &c.list[a], &c.list[b]
		if x.File != y.File {
			return order[x.File] < order[y.File]
		}
		return x.Line < y.Line
	})
}

// Err returns a List, or nil if there are no problems.
func (c *Collector) Err() error {
	switch {
	case len(c.list) == 0:
		return nil
	case c.more == 0:
		return c.list
	}
	return append(c.list[:len(c.list):len(c.list)], Problem{Message: "and " + human.Number(c.more) + " more"})
}

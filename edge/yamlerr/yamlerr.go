// Package yamlerr says in which line a text is not valid YAML, and why, with advice.
//
// go.yaml.in/yaml counts lines from 0 in some messages and from 1 in others, and does not mention
// tabs where a tab is the mistake.
package yamlerr

import (
	"bytes"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

var position = ondemand.Regexp{Expr: `^yaml: (?:line (\d+): )?`}

// late matches the messages of the library's parser, which counts lines from 0 and leaves line 0
// out. The library's scanner counts from 1.
var late = ondemand.Regexp{Expr: `^(did not find expected (<|node content|'-'|key|',')|found (duplicate|undefined|incompatible))`}

// aboutTabs matches the messages for a tab in front of a line, or behind a dash or colon.
var aboutTabs = ondemand.Regexp{Expr: `^found (character that cannot start any token|a tab character)`}

// Explain takes an error of the library apart: the line, from 1, and the mistake. data is the text
// that was read, or nil.
func Explain(err error, data []byte) (line int, message string) {
	line, message = 1, err.Error()
	if m := position.Get().FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
			if late.Get().MatchString(message) {
				line++
			}
		}
	}
	if aboutTabs.Get().MatchString(message) {
		if at := tabAt(data, line); at > 0 {
			return at, "a tab, where YAML wants blanks: indent with blanks only"
		}
	}
	if message == "found unknown escape character" {
		message = `an escape that YAML does not know, in double quotes: write regexes and paths in single quotes, where a backslash is a backslash`
	}
	return line, message
}

// tabAt returns the line of the tab behind an error about the given line, which may be one line
// off; 0: neither line has a tab in front of its text.
func tabAt(data []byte, line int) int {
	lines := bytes.Split(data, []byte{'\n'})
	for _, n := range []int{line, line + 1, line - 1} {
		if n >= 1 && n <= len(lines) && strings.Contains(beforeText(string(lines[n-1])), "\t") {
			return n
		}
	}
	return 0
}

// beforeText returns the part of a line before the text: blanks, tabs and the dashes of lists, or
// in KEY: VALUE the key and the separator.
func beforeText(line string) string {
	text := strings.TrimLeft(line, " \t-")
	head := line[:len(line)-len(text)]
	if key, value, ok := strings.Cut(text, ":"); ok {
		head += key + ":" + value[:len(value)-len(strings.TrimLeft(value, " \t"))]
	}
	return head
}

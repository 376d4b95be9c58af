// What was read, for people.

package rules

import (
	"fmt"
	"strconv"
	"strings"

	"trawl/edge/escape"
)

// Kinds of files.
const (
	KindWords = "words" // word list
	KindRules = "rules" // rule file
	KindPack  = "pack"  // compiled
)

// FileReport says what one file held.
type FileReport struct {
	Path     string
	Kind     string // KindWords, KindRules or KindPack
	Name     string // of the rule set, if the file says one
	Rules    int    // that were added: in a word list, its different words
	Literals int
	Regexes  int
	Blank    int  // empty lines of a word list
	CRLF     int  // lines of a word list whose '\r' was dropped
	Merged   int  // repeated lines of a word list, here or in one before it
	BOM      bool // a byte order mark was dropped
}

// String is a summary of one line, such as
// "words.txt: 10,000 words (3 blank lines, 2 repeated, \r dropped)".
func (f *FileReport) String() string {
	var what string
	var notes []string
	if f.Kind == KindWords {
		what = plural(f.Rules, "word")
		if f.Blank > 0 {
			notes = append(notes, plural(f.Blank, "blank line"))
		}
		if f.Merged > 0 {
			notes = append(notes, thousands(f.Merged)+" repeated")
		}
		if f.CRLF > 0 {
			notes = append(notes, `\r dropped`)
		}
	} else {
		what = plural(f.Rules, "rule")
		if f.Kind == KindPack {
			what = "pack of " + what
		}
		notes = append(notes, plural(f.Literals, "literal"), plural(f.Regexes, "regex"))
	}
	if f.BOM {
		notes = append(notes, "byte order mark dropped")
	}
	path := escape.Line(f.Path)
	if len(notes) == 0 {
		return path + ": " + what
	}
	return path + ": " + what + " (" + strings.Join(notes, ", ") + ")"
}

// Report says what was read, file by file and in total.
type Report struct {
	Name     string // of the rule set; empty: none was given
	Files    []FileReport
	Rules    int
	Literals int
	Regexes  int
}

// String is one line for each file and, if there are several, one in total.
func (r *Report) String() string {
	var lines []string
	for i := range r.Files {
		lines = append(lines, r.Files[i].String())
	}
	if len(r.Files) > 1 {
		lines = append(lines, fmt.Sprintf("in total: %s (%s, %s)",
			plural(r.Rules, "rule"), plural(r.Literals, "literal"), plural(r.Regexes, "regex")))
	}
	return strings.Join(lines, "\n")
}

// addFile takes a file into the totals.
func (r *Report) addFile(f FileReport) {
	r.Files = append(r.Files, f)
	r.Rules += f.Rules
	r.Literals += f.Literals
	r.Regexes += f.Regexes
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "x"):
		return thousands(n) + " " + what + "es"
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes n with commas between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

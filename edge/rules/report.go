package rules

// Reports of the files read, for people.

import (
	"fmt"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/human"
)

// Kinds of files.
const (
	KindWords = "words" // word list
	KindRules = "rules" // rule file
	KindPack  = "pack"  // compiled
)

// FileReport describes a file.
type FileReport struct {
	Path     string
	Kind     string // KindWords, KindRules or KindPack
	Name     string // name of the rule set in the file, if any
	Rules    int    // rules added; in a word list the different words
	Literals int
	Regexes  int
	Blank    int  // empty lines of a word list
	CRLF     int  // lines of a word list with a '\r', which was dropped
	Merged   int  // repeated lines of a word list, also of words in an earlier list
	BOM      bool // a byte order mark was dropped
}

// String returns a summary of one line, such as "words.txt: 10,000 words (3 blank lines, 2
// repeated, \r dropped)".
func (f *FileReport) String() string {
	var what string
	var notes []string
	if f.Kind == KindWords {
		what = human.Count(f.Rules, "word")
		if f.Blank > 0 {
			notes = append(notes, human.Count(f.Blank, "blank line"))
		}
		if f.Merged > 0 {
			notes = append(notes, human.Number(f.Merged)+" repeated")
		}
		if f.CRLF > 0 {
			notes = append(notes, `\r dropped`)
		}
	} else {
		what = human.Count(f.Rules, "rule")
		if f.Kind == KindPack {
			what = "pack of " + what
		}
		notes = append(notes, human.Count(f.Literals, "literal"), human.Count(f.Regexes, "regex"))
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

// Report describes all files, one by one and in total.
type Report struct {
	Name     string // of the rule set; empty: none was given
	Files    []FileReport
	Rules    int
	Literals int
	Regexes  int
}

// String returns a line for each file and, for several files, a line with the total.
func (r *Report) String() string {
	var lines []string
	for i := range r.Files {
		lines = append(lines, r.Files[i].String())
	}
	if len(r.Files) > 1 {
		lines = append(lines, fmt.Sprintf("in total: %s (%s, %s)",
			human.Count(r.Rules, "rule"), human.Count(r.Literals, "literal"), human.Count(r.Regexes, "regex")))
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

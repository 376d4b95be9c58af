package rules

// Rule files as a model.

import (
	"fmt"
	"io"

	"trawl/edge/files"
	"trawl/edge/match"
	"trawl/edge/problem"
)

// MaxFile is the largest rule file, in bytes: YAML takes several times as much memory. Word lists
// may have any size.
const MaxFile = 8 << 20

// File is a rule file.
type File struct {
	Path  string
	Name  string // of the rule set; empty: not given
	Rules []Rule
	BOM   bool // the file began with a byte order mark
}

// Rule is a rule of a rule file: a rule of package match with its position.
type Rule struct {
	match.Rule
	Line        int // where the rule begins
	PatternLine int // line of the regex, words, literal or hex
	Examples    Examples
}

// Examples are texts that a rule must match, or must miss.
type Examples struct {
	Match []string
	Miss  []string
}

// Label returns the rule's id or, without one, the literal as match names it.
func (r *Rule) Label() string {
	if r.ID != "" || len(r.Literals) == 0 {
		return r.ID
	}
	return literalID(r.Literals[0])
}

// readFile reads and parses the rule file at path; see Parse.
func readFile(path string) (*File, error) {
	f, _, err := files.OpenInput(path)
	if err != nil {
		return nil, problem.List{openProblem(path, err)}
	}
	defer f.Close()
	data, wrong := readAll(path, f)
	if wrong != nil {
		return nil, problem.List{*wrong}
	}
	return Parse(path, data)
}

// Parse reads a rule file with the content data; path is the name in problems. Parse checks
// everything but the patterns, which package match compiles. Wrong rules are left out of the File.
// The error is a problem.List.
func Parse(path string, data []byte) (*File, error) {
	var ps problem.Collector
	f := parse(path, data, &ps)
	ps.Sort(path)
	return f, ps.Err()
}

// readAll reads a rule file, up to MaxFile.
func readAll(path string, r io.Reader) ([]byte, *problem.Problem) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		p := openProblem(path, err)
		return nil, &p
	}
	if len(data) > MaxFile {
		return nil, &problem.Problem{File: path, Message: fmt.Sprintf(
			"larger than %d MiB; split it into several rule files, or put plain words into a word list", MaxFile>>20)}
	}
	return data, nil
}

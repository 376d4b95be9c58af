// Rule files as a model.

package rules

import (
	"fmt"
	"io"

	"trawl/edge/files"
	"trawl/edge/match"
)

// MaxFile is the largest rule file, in bytes: read as YAML it takes several
// times as much memory. Word lists may have any size.
const MaxFile = 8 << 20

// Severities are the values of a rule's severity, rising.
var Severities = []string{"info", "low", "medium", "high", "critical"}

// File is a rule file.
type File struct {
	Path  string
	Name  string // of the rule set; empty: not given
	Rules []Rule
	BOM   bool // it began with a byte order mark
}

// Rule is one rule of a rule file: what match looks for, and where it stands.
type Rule struct {
	match.Rule
	Line        int // where the rule begins
	PatternLine int // where its regex, words, literal or hex is
	Examples    Examples
}

// Examples are texts that a rule must match and must not match.
type Examples struct {
	Match []string
	Miss  []string
}

// Label is the rule's id: the one given, or else its literal as match names it.
func (r *Rule) Label() string {
	if r.ID != "" || len(r.Literals) == 0 {
		return r.ID
	}
	return literalID(r.Literals[0])
}

// ReadFile reads and parses the rule file at path; see Parse.
func ReadFile(path string) (*File, error) {
	f, _, err := files.OpenInput(path)
	if err != nil {
		return nil, Problems{openProblem(path, err)}
	}
	defer f.Close()
	data, problem := readAll(path, f)
	if problem != nil {
		return nil, Problems{*problem}
	}
	return Parse(path, data)
}

// Parse reads a rule file; path is what problems name. It checks everything
// but the patterns themselves, whose compilation is match's business. Wrong
// rules are left out of the File, which is returned along with the error, of
// type Problems.
func Parse(path string, data []byte) (*File, error) {
	var ps problems
	f := parse(path, data, &ps)
	ps.sort(path)
	return f, ps.err()
}

// readAll reads a rule file, up to MaxFile.
func readAll(path string, r io.Reader) ([]byte, *Problem) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		p := openProblem(path, err)
		return nil, &p
	}
	if len(data) > MaxFile {
		return nil, &Problem{File: path, Message: fmt.Sprintf(
			"larger than %d MiB; split it into several rule files, or put plain words into a word list", MaxFile>>20)}
	}
	return data, nil
}

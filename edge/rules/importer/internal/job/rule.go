package job

// Rules made by an import.

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"trawl/edge/match"
)

// Rule is a rule of the written file.
type Rule struct {
	ID       string
	Regex    string   // RE2 syntax; else
	Literals [][]byte // one, or several in UTF-8
	NoCase   bool
	Whole    bool
	Tags     []string
	Severity string
	Message  string
	Data     []Field // beginning with the origin
}

// Field is an entry of a rule's data.
type Field struct {
	Key  string
	Text string
	List []string // if not nil, instead of Text
	Int  int      // if not 0, instead of both
}

// MatchRule returns r as a rule of package match.
func (r *Rule) MatchRule() match.Rule {
	return match.Rule{
		ID: r.ID, Regex: r.Regex, Literals: r.Literals, NoCase: r.NoCase, Whole: r.Whole,
		Tags: r.Tags, Severity: r.Severity, Message: r.Message,
	}
}

// size estimates the bytes of the rule in the file.
func (r *Rule) size() int {
	n := 32 + len(r.ID) + len(r.Regex) + len(r.Message)
	for _, l := range r.Literals {
		n += 8 + len(l)
		if !utf8.Valid(l) {
			n += 2 * len(l)
		}
	}
	for _, t := range r.Tags {
		n += 2 + len(t)
	}
	for _, f := range r.Data {
		n += 4 + len(f.Key) + len(f.Text)
		for _, s := range f.List {
			n += 2 + len(s)
		}
	}
	return n
}

// IDFrom makes an id of a foreign name: bounded, without control characters, spaces and commas
// (which separate ids in results).
func IDFrom(name string) string {
	const most = 200
	name = strings.ToValidUTF8(name, "\uFFFD")
	id := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) || r == ',' {
			return '-'
		}
		return r
	}, strings.TrimSpace(name))
	if len(id) > most {
		id = strings.ToValidUTF8(id[:most], "")
	}
	return id
}

// uniqueID returns id, with a number if the id is taken.
func (j *Job) uniqueID(id string) string {
	if id == "" {
		id = j.kind.Name
	}
	for unique := id; ; {
		j.ids[id]++
		if n := j.ids[id]; n > 1 {
			unique = id + "~" + strconv.Itoa(n)
		}
		if unique == id {
			return id
		}
		if _, taken := j.ids[unique]; !taken {
			j.ids[unique] = 1
			return unique
		}
	}
}

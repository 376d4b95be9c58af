// The rules that an import makes.

package importer

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"trawl/edge/match"
)

// Rule is one rule of the file that is written.
type Rule struct {
	ID       string
	Regex    string   // RE2 syntax; else
	Literals [][]byte // one, or several that are UTF-8
	NoCase   bool
	Whole    bool
	Tags     []string
	Severity string
	Message  string
	Data     []Field // where it comes from, first
}

// Field is an entry of a rule's data.
type Field struct {
	Key  string
	Text string
	List []string // if not nil, instead of Text
	Int  int      // if not 0, instead of both
}

// matchRule is r as the matcher takes it.
func (r *Rule) matchRule() match.Rule {
	return match.Rule{
		ID: r.ID, Regex: r.Regex, Literals: r.Literals, NoCase: r.NoCase, Whole: r.Whole,
		Tags: r.Tags, Severity: r.Severity, Message: r.Message,
	}
}

// size is about what the rule takes in the file, in bytes.
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

// idFrom makes an id of a foreign name: no control characters, spaces or
// commas (results list ids separated by those), bounded.
func idFrom(name string) string {
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

// uniqueID returns id, or id with a number that makes it unique.
func (j *job) uniqueID(id string) string {
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

// hexOf is the value of a rule's hex: bytes with spaces between them.
func hexOf(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(hex.EncodeToString([]byte{c}))
	}
	return s.String()
}

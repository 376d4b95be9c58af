// One import under way: the rules found so far, and what became of each.

package importer

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/ondemand"
	"trawl/edge/rules"
)

// job collects.
type job struct {
	kind  *kind
	files int
	from  files

	rules    []Rule
	findings []finding
	aside    counter // what is not a rule, by what it is
	ids      map[string]int
	size     int // of the rules in the file that is written, about, in bytes

	cr bool // the line that lines has handed out had a '\r' at its end

	problems rules.Problems
	fatal    bool // one of them ends the import

	cache map[string]included // files that others name, by folder and path
	crs   crsConfig
	spam  *spamRules // of SpamAssassin, until the last file has been read
}

func newJob(k *kind, from files) *job {
	return &job{kind: k, from: from, ids: map[string]int{}, cache: map[string]included{}}
}

// status is what became of a rule.
type status int

const (
	taken status = iota
	inPart
	skipped
)

var statusNames = [...]string{"taken", "in part", "skipped"}

// finding is a rule of the source and what became of it.
type finding struct {
	file    string
	line    int
	id      string
	status  status
	reasons []reason
	remarks []string
	written int
}

// reason says why a rule is not simply taken: in words that are the same for
// all rules with that reason, and what it is in this one.
type reason struct{ text, detail string }

func (r reason) String() string {
	if r.detail == "" {
		return r.text
	}
	return r.text + ": " + r.detail
}

// less says whether texts are missed for that reason.
func (r reason) less() bool {
	return strings.HasPrefix(r.text, "finds less") || strings.HasPrefix(r.text, "finds other")
}

// entry is a rule of the source while it is decided about.
type entry struct {
	finding
	job   *job
	base  Rule // what all rules made of it have in common
	made  []Rule
	names []string // of those in made, to tell them apart; may be empty
}

// maxFound bounds the memory for findings.
const maxFound = 1 << 20

// begin starts a rule found on line of file; id is what the source calls it and
// name the id that it gets here.
func (j *job) begin(file string, line int, id, name string) *entry {
	e := &entry{finding: finding{file: file, line: line, id: id}, job: j}
	e.base.ID = name
	e.base.Data = []Field{{Key: "from", Text: j.kind.Name}, {Key: "file", Text: file}, {Key: "line", Int: line}}
	if id != "" {
		e.base.Data = append(e.base.Data, Field{Key: "id", Text: id})
	}
	return e
}

// data adds to what a match is handed back with.
func (e *entry) data(key, text string) {
	if text != "" {
		e.base.Data = append(e.base.Data, Field{Key: key, Text: oneLine(text)})
	}
}

// partly says what the rules made mean more or less than the source.
func (e *entry) partly(text, detail string) {
	e.addReason(reason{text, detail})
	if e.status == taken {
		e.status = inPart
	}
}

// skip says that the rule cannot be taken; the first reason counts.
func (e *entry) skip(text, detail string) {
	if e.status != skipped {
		e.status, e.reasons = skipped, nil
		e.addReason(reason{text, detail})
	}
}

func (e *entry) addReason(r reason) {
	if !slices.ContainsFunc(e.reasons, func(o reason) bool { return o.text == r.text }) {
		e.reasons = append(e.reasons, reason{r.text, oneLine(r.detail)})
	}
}

// remark notes something that does not make the rule another one.
func (e *entry) remark(text string) {
	if !slices.Contains(e.remarks, text) {
		e.remarks = append(e.remarks, text)
	}
}

// regex adds a rule with an expression that has been translated. One that is a
// plain text becomes a literal.
func (e *entry) regex(name, expr string, nocase bool) {
	r := e.base
	r.Regex, r.NoCase = expr, nocase
	if tree, err := syntax.Parse(expr, syntax.Perl); err == nil && tree.Op == syntax.OpLiteral {
		text := string(tree.Rune)
		if utf8.ValidString(text) && !strings.ContainsRune(text, utf8.RuneError) {
			r.Regex = ""
			r.Literals = [][]byte{[]byte(text)}
			r.NoCase = nocase || tree.Flags&syntax.FoldCase != 0
		}
	}
	e.add(name, r)
}

// translated adds what a translation made, with what it had to say.
func (e *entry) translated(name string, t translation, nocase bool) {
	e.note(t)
	e.regex(name, t.expr, nocase)
}

// note takes over what a translation had to say.
func (e *entry) note(t translation) {
	for _, r := range t.partly {
		e.partly(r.text, r.detail)
	}
	for _, r := range t.remarks {
		e.remark(r)
	}
}

const (
	whyNoCaseBytes = "finds less: bytes that are not UTF-8 cannot ignore case"
	maxSpellings   = 32 // of a literal of bytes whose case is ignored
)

// asciiCase are the kinds for which only ASCII letters have two cases.
var asciiCase = ondemand.Words{List: "crs snort yara"}

// literals adds a rule that looks for any of the byte strings.
func (e *entry) literals(name string, nocase bool, list ...[]byte) {
	var texts, bytes [][]byte
	for _, l := range list {
		if nocase && asciiCase.Has(e.job.kind.Name) && otherCase(string(l)) {
			e.partly(whyFold, string(l))
		}
		switch {
		case utf8.Valid(l):
			texts = append(texts, l)
		case nocase:
			spelled, all := rules.Spellings(l, maxSpellings)
			if !all {
				e.partly(whyNoCaseBytes, hexOf(l))
			}
			bytes = append(bytes, spelled...)
		default:
			bytes = append(bytes, l)
		}
	}
	if len(texts) > 0 {
		r := e.base
		r.Literals, r.NoCase = texts, nocase
		e.add(name, r)
	}
	for i, b := range bytes {
		r := e.base
		r.Literals = [][]byte{b}
		part := name
		if len(bytes)+len(texts) > 1 {
			part = strings.TrimPrefix(fmt.Sprintf("%s.%d", name, i+1), ".")
		}
		e.add(part, r)
	}
}

// add adds a rule as it is.
func (e *entry) add(name string, r Rule) {
	e.made = append(e.made, r)
	e.names = append(e.names, name)
}

// end decides about the rule: what was made of it is checked as the matcher will
// check it, gets its ids and is written.
func (e *entry) end() {
	j := e.job
	if e.status != skipped {
		e.check()
	}
	if e.status != skipped && len(e.made) == 0 {
		e.skip("has nothing to look for", "")
	}
	if e.status == skipped {
		e.made = nil
	}
	e.noteLineBreaks()
	for i := range e.made {
		r := &e.made[i]
		if len(e.made) > 1 && e.names[i] != "" {
			r.ID = idFrom(r.ID + "/" + e.names[i])
		}
		r.ID = j.uniqueID(r.ID)
		j.size += r.size()
	}
	e.written = len(e.made)
	j.rules = append(j.rules, e.made...)
	j.findings = append(j.findings, e.finding)
	j.checkSize(e.file, e.line)
}

// checkSize ends an import that gets too large to be loaded.
func (j *job) checkSize(file string, line int) {
	switch {
	case j.fatal:
	case j.size > rules.MaxFile:
		j.fatal = true
		j.problem(file, line, "the rules so far take more than the %d MiB that a rule file may have; import fewer files at a time"+j.wordsHint(), rules.MaxFile>>20)
	case len(j.findings) >= maxFound:
		j.fatal = true
		j.problem(file, line, "more than %d rules; import fewer files at a time"+j.wordsHint(), maxFound)
	}
}

func (j *job) wordsHint() string {
	if j.kind.Name == "words" {
		return ", or use the word list as it is: it may have any size"
	}
	return ""
}

// check drops what the matcher would refuse, and says so.
func (e *entry) check() {
	var made []Rule
	var names []string
	var refused []reason
	for i := range e.made {
		r := e.made[i].matchRule()
		if r.ID == "" {
			r.ID = "x"
		}
		err := match.NewBuilder(match.Options{}).Add(&r)
		if err == nil {
			made, names = append(made, e.made[i]), append(names, e.names[i])
			continue
		}
		refused = append(refused, refusal(err))
	}
	switch {
	case len(refused) == 0:
	case len(made) == 0:
		e.skip(refused[0].text, refused[0].detail)
	default:
		for _, r := range refused {
			e.partly("finds less: a part of it is left out, "+r.text, r.detail)
		}
	}
	e.made, e.names = made, names
}

// refusal is the reason that an error of the matcher means.
func refusal(err error) reason {
	var re *syntax.Error
	switch {
	case errors.Is(err, match.ErrEmptyMatch):
		return reason{"regex can match the empty string, which is not looked for", ""}
	case errors.As(err, &re), errors.Is(err, match.ErrRegex):
		return reason{"regex is not possible in RE2 syntax", err.Error()}
	case errors.Is(err, match.ErrEmptyPattern):
		return reason{"empty pattern, which would match every text", ""}
	}
	return reason{"not possible here", err.Error()}
}

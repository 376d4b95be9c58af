package job

// Job: an import in progress, with the rules found and what became of each.

import (
	"cmp"
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/match"
	"trawl/edge/problem"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/re2"
)

// Job collects.
type Job struct {
	kind  *Kind
	files int
	from  Files

	rules      []Rule
	findings   []finding
	PassedOver counter // counts lines and statements that are not rules, by name
	ids        map[string]int
	size       int // of the rules in the written file, estimated, in bytes

	LineHadCR bool // the line last passed on by Lines ended in '\r'

	problems problem.Collector
	Fatal    bool // a problem has ended the import

	cache map[string]included // included files, by folder and path
}

func New(k *Kind, from Files) *Job {
	return &Job{kind: k, from: from, ids: map[string]int{}, cache: map[string]included{}}
}

// status says what became of a rule.
type status int

const (
	taken status = iota
	inPart
	skipped
)

var statusNames = [...]string{"taken", "in part", "skipped"}

// finding is a rule of the source, with its status.
type finding struct {
	file    string
	line    int
	id      string
	status  status
	reasons []re2.Reason
	remarks []string
	written int
}

// Entry is a rule of the source until its status is decided.
type Entry struct {
	finding
	Job   *Job
	Base  Rule // fields of all rules made of the entry
	Made  []Rule
	names []string // of the rules in Made, to tell them apart; may be empty
}

// maxFound bounds the memory for findings.
const maxFound = 1 << 20

// IsTaken reports whether the rule is neither skipped nor taken in part so far.
func (e *Entry) IsTaken() bool { return e.status == taken }

// CountFound returns the number of rules of the source so far.
func (j *Job) CountFound() int { return len(j.findings) }

// Begin starts an entry for a rule on a line of file. id is the rule's name in the source, name the
// id of the rule that is written.
func (j *Job) Begin(file string, line int, id, name string) *Entry {
	e := &Entry{finding: finding{file: file, line: line, id: id}, Job: j}
	e.Base.ID = name
	e.Base.Data = []Field{{Key: "from", Text: j.kind.Name}, {Key: "file", Text: file}, {Key: "line", Int: line}}
	if id != "" {
		e.Base.Data = append(e.Base.Data, Field{Key: "id", Text: id})
	}
	return e
}

// AddData adds a text to the data that comes back with matches.
func (e *Entry) AddData(key, text string) {
	if text != "" {
		e.Base.Data = append(e.Base.Data, Field{Key: key, Text: OneLine(text)})
	}
}

// TakeInPart notes how the meaning differs from the source.
func (e *Entry) TakeInPart(text, detail string) {
	e.addReason(re2.Because(text, detail))
	if e.status == taken {
		e.status = inPart
	}
}

// Skip marks the rule as skipped. The first reason counts.
func (e *Entry) Skip(text, detail string) {
	if e.status != skipped {
		e.status, e.reasons = skipped, nil
		e.addReason(re2.Because(text, detail))
	}
}

func (e *Entry) addReason(r re2.Reason) {
	if !slices.ContainsFunc(e.reasons, func(o re2.Reason) bool { return o.Text == r.Text }) {
		e.reasons = append(e.reasons, re2.Because(r.Text, OneLine(r.Detail)))
	}
}

// Remark notes something that does not change the meaning of the rule.
func (e *Entry) Remark(text string) {
	if !slices.Contains(e.remarks, text) {
		e.remarks = append(e.remarks, text)
	}
}

// AddRegex adds a rule with an expression in RE2 syntax. A plain text becomes a literal.
func (e *Entry) AddRegex(name, expr string, nocase bool) {
	r := e.Base
	r.Regex, r.NoCase = expr, nocase
	if tree, err := syntax.Parse(expr, syntax.Perl); err == nil && tree.Op == syntax.OpLiteral {
		text := string(tree.Rune)
		if utf8.ValidString(text) && !strings.ContainsRune(text, utf8.RuneError) {
			r.Regex = ""
			r.Literals = [][]byte{[]byte(text)}
			r.NoCase = nocase || tree.Flags&syntax.FoldCase != 0
		}
	}
	e.AddRule(name, r)
}

// AddTranslation adds a rule with the result of a translation, and notes the differences.
func (e *Entry) AddTranslation(name string, t re2.Translation, nocase bool) {
	e.NoteTranslation(t)
	e.AddRegex(name, re2.UniqueNames(t.Expr), nocase)
}

// NoteTranslation notes the differences of a translation.
func (e *Entry) NoteTranslation(t re2.Translation) {
	for _, r := range t.InPart {
		e.TakeInPart(r.Text, r.Detail)
	}
	for _, r := range t.Remarks {
		e.Remark(r)
	}
}

const (
	whyNoCaseBytes = "finds less: bytes that are not UTF-8 cannot ignore case"
	maxSpellings   = 32 // of a literal of bytes without regard to case
)

// AddLiterals adds rules that look for any of the byte strings.
func (e *Entry) AddLiterals(name string, nocase bool, list ...[]byte) {
	var texts, bytes [][]byte
	for _, l := range list {
		if nocase && e.Job.kind.ASCIICase && re2.OtherCase(string(l)) {
			e.TakeInPart(re2.WhyFold, string(l))
		}
		switch {
		case utf8.Valid(l):
			texts = append(texts, l)
		case nocase:
			spelled, all := rules.Spellings(l, maxSpellings)
			if !all {
				e.TakeInPart(whyNoCaseBytes, HexOf(l))
			}
			bytes = append(bytes, spelled...)
		default:
			bytes = append(bytes, l)
		}
	}
	if len(texts) > 0 {
		r := e.Base
		r.Literals, r.NoCase = texts, nocase
		e.AddRule(name, r)
	}
	for i, b := range bytes {
		r := e.Base
		r.Literals = [][]byte{b}
		part := name
		if len(bytes)+len(texts) > 1 {
			part = strings.TrimPrefix(fmt.Sprintf("%s.%d", name, i+1), ".")
		}
		e.AddRule(part, r)
	}
}

// AddRule adds a complete rule.
func (e *Entry) AddRule(name string, r Rule) {
	e.Made = append(e.Made, r)
	e.names = append(e.names, name)
}

// End decides the status of the rule: the rules made are checked as the matcher checks them, get
// their ids and are written.
func (e *Entry) End() {
	j := e.Job
	if e.status != skipped {
		e.check()
	}
	if e.status != skipped && len(e.Made) == 0 {
		e.Skip("has nothing to look for", "")
	}
	if e.status == skipped {
		e.Made = nil
	}
	e.noteLineBreaks()
	for i := range e.Made {
		r := &e.Made[i]
		if len(e.Made) > 1 && e.names[i] != "" {
			r.ID = IDFrom(r.ID + "/" + e.names[i])
		}
		r.ID = j.uniqueID(r.ID)
		j.size += r.size()
	}
	e.written = len(e.Made)
	j.rules = append(j.rules, e.Made...)
	j.findings = append(j.findings, e.finding)
	j.checkSize(e.file, e.line)
}

// checkSize ends an import that becomes too large to be loaded.
func (j *Job) checkSize(file string, line int) {
	switch {
	case j.Fatal:
	case j.size > rules.MaxFile:
		j.Fatal = true
		j.AddProblem(file, line, "the rules so far take more than the %d MiB that a rule file may have; import fewer files at a time"+j.kind.TooManyHint, rules.MaxFile>>20)
	case len(j.findings) >= maxFound:
		j.Fatal = true
		j.AddProblem(file, line, "more than %d rules; import fewer files at a time"+j.kind.TooManyHint, maxFound)
	}
}

// check drops rules that the matcher would refuse, with a reason.
func (e *Entry) check() {
	var made []Rule
	var names []string
	var refused []re2.Reason
	for i := range e.Made {
		r := e.Made[i].MatchRule()
		if r.ID == "" {
			r.ID = "x"
		}
		err := match.NewBuilder(match.Options{}).Add(&r)
		if err == nil {
			made, names = append(made, e.Made[i]), append(names, e.names[i])
			continue
		}
		refused = append(refused, refusal(err))
	}
	switch {
	case len(refused) == 0:
	case len(made) == 0:
		e.Skip(refused[0].Text, refused[0].Detail)
	default:
		for _, r := range refused {
			e.TakeInPart("finds less: a part of it is left out, "+r.Text, r.Detail)
		}
	}
	e.Made, e.names = made, names
}

// refusal returns the reason in an error of the matcher.
func refusal(err error) re2.Reason {
	var re *syntax.Error
	switch {
	case errors.Is(err, match.ErrEmptyMatch):
		return re2.Because("regex can match the empty string, which is not looked for", "")
	case errors.As(err, &re), errors.Is(err, match.ErrRegex):
		return re2.Because("regex is not possible in RE2 syntax", err.Error())
	case errors.Is(err, match.ErrEmptyPattern):
		return re2.Because("empty pattern, which would match every text", "")
	}
	return re2.Because("not possible here", err.Error())
}

// DecideBy decides a rule by the patterns that stand for its condition; false: the rule is skipped.
// nothing is the reason without patterns, more the reason if the condition asks for more.
func (e *Entry) DecideBy(n condition.Needed, nothing, more, detail string) bool {
	switch {
	case len(n.Names) == 0 && len(n.Lost) > 0:
		e.Skip(n.Lost[0].Text, cmp.Or(n.Lost[0].Detail, detail))
		return false
	case len(n.Names) == 0:
		e.Skip(nothing, detail)
		return false
	case n.More:
		e.TakeInPart(more, detail)
	}
	return true
}

// Revise calls decide for each rule that was not skipped, with the id of the rule in the source. A
// reason is noted; with drop, the rule is skipped for this reason.
func (j *Job) Revise(decide func(id string) (why string, drop bool)) {
	var kept []Rule
	at := 0
	for i := range j.findings {
		f := &j.findings[i]
		made := j.rules[at : at+f.written]
		at += f.written
		if f.status != skipped {
			switch why, drop := decide(f.id); {
			case drop:
				f.status, f.reasons, f.remarks, f.written = skipped, []re2.Reason{re2.Because(why, "")}, nil, 0
				continue
			case why != "":
				f.status, f.reasons = inPart, append(f.reasons, re2.Because(why, ""))
			}
		}
		kept = append(kept, made...)
	}
	j.rules = kept
}

// LiteralList is a rule with many literals, each of which counts as a rule of the source.
type LiteralList struct{ *Entry }

// BeginList starts a list at its first literal.
func (j *Job) BeginList(file string, line int, name string) LiteralList {
	return LiteralList{j.Begin(file, line, "", name)}
}

// Add adds a literal on a line of the file.
func (l LiteralList) Add(line int, text []byte) {
	if l.Made == nil {
		l.AddRule("", l.Base)
	} else {
		l.Job.findings = append(l.Job.findings, finding{file: l.file, line: line, remarks: l.remarks})
	}
	l.Made[0].Literals = append(l.Made[0].Literals, text)
	l.Job.size += len(text) + 8
	l.Job.checkSize(l.file, line)
}

// SkipFor skips the rule for an error of a translation.
func (e *Entry) SkipFor(err error) {
	if r, ok := err.(*re2.Refused); ok {
		e.Skip(r.Text, r.Detail)
		return
	}
	e.Skip("regex cannot be translated", err.Error())
}

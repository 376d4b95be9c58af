// YARA rules: their strings, and what of the condition can be said of a text.

package importer

import (
	"bytes"
	"regexp"
	"strings"
)

const (
	whyCondition = "finds more: the condition asks for more than the strings that are looked for"
	whyElse      = "finds less: the condition can also hold without any string"
	whyPrivate   = "private rule, only used by others"
	whyGlobal    = "finds more: what the file's global rules ask for is not checked"
	whyYARA      = "not a rule in YARA's syntax"
	whyNoStrings = "condition that is not about strings"
)

// yaraRule is a rule as it is written.
type yaraRule struct {
	name      string
	line      int
	private   bool
	tags      []string
	meta      map[string]string
	strings   []*yaraString
	condition []yaraToken
}

// yaraString is a string of a rule.
type yaraString struct {
	name  string // with $
	value yaraToken
	mods  map[string]string
}

// readYARA reads one file; a rule that is not understood is skipped.
func readYARA(j *job, in *input) {
	global := bytes.Contains(in.data, []byte("global")) && yaraGlobal.Match(in.data)
	p := yaraParser{lex: yaraLexer{src: in.data, line: 1}}
	for !j.fatal {
		r, err := p.rule(j)
		switch {
		case err != nil:
			e := j.begin(in.path, p.start, r.name, idFrom(r.name))
			e.skip(whyYARA, err.Error())
			e.end()
			if !p.resync() {
				return
			}
		case r == nil:
			return
		default:
			e := j.begin(in.path, r.line, r.name, idFrom(r.name))
			yaraEntry(e, r)
			if global {
				e.partly(whyGlobal, "")
			}
			e.end()
		}
	}
}

var yaraGlobal = regexp.MustCompile(`(?m)^[ \t]*(?:private\s+)?global\s`)

// yaraEntry takes one rule.
func yaraEntry(e *entry, r *yaraRule) {
	for _, t := range r.tags {
		e.base.Tags = append(e.base.Tags, idFrom(t))
	}
	e.base.Message = oneLine(r.meta["description"])
	e.data("author", r.meta["author"])
	e.data("reference", r.meta["reference"])
	if r.private {
		e.skip(whyPrivate, "")
		return
	}
	byName := map[string]*yaraString{}
	var names []string
	for _, s := range r.strings {
		names = append(names, s.name)
		byName[s.name] = s
	}
	c := yaraCondition{tokens: r.condition, names: names}
	parsed := c.parse()
	if c.pos < len(r.condition) {
		parsed = &condition{op: condAnd, subs: []*condition{parsed, {op: condOther}}}
	}
	need := parsed.widen(func(name string) int { return len(byName[name].value.text) })
	switch {
	case len(need.names) == 0:
		e.skip(whyNoStrings, oneLine(yaraSource(r.condition)))
		return
	case need.more:
		e.partly(whyCondition, oneLine(yaraSource(r.condition)))
	}
	if need.less {
		e.partly(whyElse, oneLine(yaraSource(r.condition)))
	}
	w := yaraWriter{entry: e}
	for _, s := range r.strings {
		if need.names[s.name] {
			w.add(s)
		}
	}
	w.flush()
}

// yaraSource is a condition as it was written, more or less.
func yaraSource(tokens []yaraToken) string {
	var list []string
	for _, t := range tokens[:min(len(tokens), 60)] {
		list = append(list, t.text)
	}
	return strings.Join(list, " ")
}

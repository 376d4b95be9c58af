// YARA rules: their strings, and what of the condition can be said of a text.

package importer

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"trawl/edge/ondemand"
)

const (
	whyCondition = "finds more: the condition asks for more than the strings that are looked for"
	whyElse      = "finds less: the condition can also hold without any string"
	whyPrivate   = "private rule, only used by others"
	whyGlobal    = "finds more: what the file's global rules ask for is not checked"
	whyYARA      = "not a rule in YARA's syntax"
	whyInclude   = "finds more: what global rules ask for in an included file that cannot be read is not checked"

	aboutAbsence   = "only says which strings must not be there (not, none of)"
	aboutFile      = "asks about the file (filesize, entrypoint, uint16(0), …), not for strings"
	aboutModule    = "asks a module (pe, math, hash, …), not for strings"
	aboutLoop      = "loop (for) that is not about a set of strings"
	aboutRules     = "asks for other rules or external variables, not for strings"
	aboutConstant  = "condition that is always true or always false"
	aboutCounts    = "counts or places of strings that also hold without the strings"
	aboutNoStrings = "condition that is not about strings"
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
	global := yaraGlobals(j, in)
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
			for _, r := range global {
				e.partly(r.text, r.detail)
			}
			e.end()
		}
	}
}

var (
	yaraGlobal  = ondemand.Regexp{Expr: `(?m)(?:^|\})[ \t]*(?:private\s+)?global\s+(?:private\s+)?rule\s`}
	yaraInclude = ondemand.Regexp{Expr: `(?m)^[ \t]*include\s+"([^"\n]+)"`}
)

// yaraGlobals says what the file asks for besides each rule's condition: its global
// rules and those of the files that it includes.
func yaraGlobals(j *job, first *input) []reason {
	seen := map[string]bool{first.path: true}
	for queue := []*input{first}; len(queue) > 0; queue = queue[1:] {
		in := queue[0]
		if bytes.Contains(in.data, []byte("global")) && yaraGlobal.Get().Match(in.data) {
			return []reason{{whyGlobal, ""}}
		}
		if !bytes.Contains(in.data, []byte("include")) {
			continue
		}
		for _, m := range yaraInclude.Get().FindAllSubmatch(in.data, -1) {
			path := beside(in.path, string(m[1]))
			if seen[path] {
				continue
			}
			seen[path] = true
			included, err := j.include(first.source, path)
			switch {
			case err != nil:
				return []reason{{whyInclude, string(m[1]) + ": " + withoutPath(err).Error()}}
			case len(seen) > maxIncluded:
				return []reason{{whyInclude, fmt.Sprintf("more than %d files", maxIncluded)}}
			}
			queue = append(queue, included)
		}
	}
	return nil
}

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
		parsed = &condition{op: condAnd, subs: []*condition{parsed, about(aboutNoStrings, "")}}
	}
	rated := map[string]usable{}
	need := parsed.widen(func(name string) usable {
		u, ok := rated[name]
		if !ok {
			u = e.trial(func(t *entry) {
				w := yaraWriter{entry: t}
				for _, s := range r.strings {
					if s.name == name {
						w.add(s)
					}
				}
				w.flush()
			})
			rated[name] = u
		}
		return u
	})
	detail := oneLine(yaraSource(r.condition))
	switch {
	case len(need.names) == 0 && len(need.lost) > 0:
		e.skip(need.lost[0].text, cmp.Or(need.lost[0].detail, detail))
		return
	case len(need.names) == 0:
		e.skip(aboutNoStrings, detail)
		return
	case need.more:
		e.partly(whyCondition, detail)
	}
	if need.less {
		e.lost(need.lost, detail)
	}
	w := yaraWriter{entry: e}
	for _, s := range r.strings {
		if need.names[s.name] {
			w.add(s)
		}
	}
	w.flush()
}

// lost says which parts of the condition are not looked for.
func (e *entry) lost(list []*reason, condition string) {
	for _, r := range list {
		switch {
		case strings.Contains(r.text, "left out"):
			e.partly("finds less: "+r.text, r.detail)
		case yaraAbout.Get()[r.text]:
			e.partly(whyElse, condition)
		default:
			e.partly("finds less: a string is left out, "+r.text, r.detail)
		}
	}
}

var yaraAbout = ondemand.Value[map[string]bool]{Make: func() map[string]bool {
	return map[string]bool{
		aboutAbsence: true, aboutFile: true, aboutModule: true, aboutLoop: true, aboutRules: true, aboutConstant: true, aboutCounts: true, aboutNoStrings: true,
	}
}}

// yaraSource is a condition as it was written, more or less.
func yaraSource(tokens []yaraToken) string {
	var list []string
	for _, t := range tokens[:min(len(tokens), 60)] {
		list = append(list, t.text)
	}
	return strings.Join(list, " ")
}

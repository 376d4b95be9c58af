package yara

// YARA rules: the entry of a rule, and the strings of a rule to look for.

import (
	"bytes"
	"fmt"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

const (
	whyCondition = "finds more: the condition asks for more than the strings that are looked for"
	whyElse      = "finds less: the condition can also hold without any string"
	whyPrivate   = "private rule, only used by others"
	whyGlobal    = "finds more: what the file's global rules ask for is not checked"
	whyNotRule   = "not a rule in YARA's syntax"
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

// rule is a rule as written.
type rule struct {
	name      string
	line      int
	private   bool
	tags      []string
	meta      map[string]string
	strings   []*stringDef
	condition []token
}

// stringDef is a string of a rule.
type stringDef struct {
	name  string // with $
	value token
	mods  map[string]string
}

var Kind = job.Kind{
	Name: "yara", What: "YARA rules", Extensions: ".yar .yara .rule",
	Open: func() job.Reader { return job.Stateless(read) }, ASCIICase: true, WhyNotRule: whyNotRule,
}

// read reads a file. A rule that is not understood is skipped.
func read(j *job.Job, in *job.Input) {
	global := globalReasons(j, in)
	p := parser{lex: lexer{src: in.Data, line: 1}}
	for !j.Fatal {
		r, err := p.rule(j)
		switch {
		case err != nil:
			e := j.Begin(in.Path, p.start, r.name, job.IDFrom(r.name))
			e.Skip(whyNotRule, err.Error())
			e.End()
			if !p.resync() {
				return
			}
		case r == nil:
			return
		default:
			e := j.Begin(in.Path, r.line, r.name, job.IDFrom(r.name))
			takeRule(e, r)
			for _, r := range global {
				e.TakeInPart(r.Text, r.Detail)
			}
			e.End()
		}
	}
}

var (
	globalRule  = ondemand.Regexp{Expr: `(?m)(?:^|\})[ \t]*(?:private\s+)?global\s+(?:private\s+)?rule\s`}
	includeLine = ondemand.Regexp{Expr: `(?m)^[ \t]*include\s+"([^"\n]+)"`}
)

// globalReasons returns the reasons for global rules in the file and in included files: a rule is
// not reported by YARA unless all global rules match.
func globalReasons(j *job.Job, first *job.Input) []re2.Reason {
	seen := map[string]bool{first.Path: true}
	for queue := []*job.Input{first}; len(queue) > 0; queue = queue[1:] {
		in := queue[0]
		if bytes.Contains(in.Data, []byte("global")) && globalRule.Get().Match(in.Data) {
			return []re2.Reason{re2.Because(whyGlobal, "")}
		}
		if !bytes.Contains(in.Data, []byte("include")) {
			continue
		}
		for _, m := range includeLine.Get().FindAllSubmatch(in.Data, -1) {
			path := job.PathBeside(in.Path, string(m[1]))
			if seen[path] {
				continue
			}
			seen[path] = true
			included, err := j.Include(first.Source, path)
			switch {
			case err != nil:
				return []re2.Reason{re2.Because(whyInclude, string(m[1])+": "+job.WithoutPath(err).Error())}
			case len(seen) > job.MaxIncluded:
				return []re2.Reason{re2.Because(whyInclude, fmt.Sprintf("more than %d files", job.MaxIncluded))}
			}
			queue = append(queue, included)
		}
	}
	return nil
}

// takeRule makes rules of a rule.
func takeRule(e *job.Entry, r *rule) {
	for _, t := range r.tags {
		e.Base.Tags = append(e.Base.Tags, job.IDFrom(t))
	}
	e.Base.Message = job.OneLine(r.meta["description"])
	e.AddData("author", r.meta["author"])
	e.AddData("reference", r.meta["reference"])
	if r.private {
		e.Skip(whyPrivate, "")
		return
	}
	byName := map[string]*stringDef{}
	var names []string
	for _, s := range r.strings {
		names = append(names, s.name)
		byName[s.name] = s
	}
	c := conditionParser{tokens: r.condition, names: names}
	parsed := c.parse()
	if c.pos < len(r.condition) {
		parsed = &condition.Node{Op: condition.And, Subs: []*condition.Node{parsed, condition.About(aboutNoStrings, "")}}
	}
	rated := map[string]condition.Usable{}
	need := parsed.Widen(func(name string) condition.Usable {
		u, ok := rated[name]
		if !ok {
			u = e.Try(func(t *job.Entry) {
				w := writer{Entry: t}
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
	detail := job.OneLine(sourceOf(r.condition))
	if !e.DecideBy(need, aboutNoStrings, whyCondition, detail) {
		return
	}
	if need.Less {
		noteLost(e, need.Lost, detail)
	}
	w := writer{Entry: e}
	for _, s := range r.strings {
		if need.Names[s.name] {
			w.add(s)
		}
	}
	w.flush()
}

// noteLost notes the parts of the condition that are not looked for.
func noteLost(e *job.Entry, list []*re2.Reason, condition string) {
	for _, r := range list {
		switch {
		case strings.Contains(r.Text, "left out"):
			e.TakeInPart("finds less: "+r.Text, r.Detail)
		case conditionReasons.Get()[r.Text]:
			e.TakeInPart(whyElse, condition)
		default:
			e.TakeInPart("finds less: a string is left out, "+r.Text, r.Detail)
		}
	}
}

var conditionReasons = ondemand.Value[map[string]bool]{Make: func() map[string]bool {
	return map[string]bool{
		aboutAbsence: true, aboutFile: true, aboutModule: true, aboutLoop: true, aboutRules: true, aboutConstant: true, aboutCounts: true, aboutNoStrings: true,
	}
}}

// sourceOf returns the tokens of a condition as text, shortened.
func sourceOf(tokens []token) string {
	var list []string
	for _, t := range tokens[:min(len(tokens), 60)] {
		list = append(list, t.text)
	}
	return strings.Join(list, " ")
}

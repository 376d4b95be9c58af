package job

// Run: an import from files to rules.

import (
	"strings"
)

// Result holds the imported rules.
type Result struct {
	Rules   []Rule // in the order of the files
	Summary Summary

	sources []string
}

// Run imports the files at paths. mistaken returns what a file of another kind is; empty: the file
// is read.
func (j *Job) Run(paths []string, mistaken func(k *Kind, in *Input) string) (*Result, error) {
	if len(paths) == 0 {
		j.AddProblem("", 0, "no file given to import")
	}
	r := j.kind.Open()
	for _, src := range j.Expand(paths) {
		in, ok := j.Load(src)
		if !ok || j.Fatal {
			continue
		}
		j.files++
		if what := mistaken(j.kind, in); what != "" {
			j.AddProblem(src.Path, 0, "%s", what)
			continue
		}
		r.Read(j, in)
	}
	r.Finish(j)
	if j.problems.Count() == 0 {
		j.wrongAltogether(paths)
	}
	j.problems.Sort()
	if err := j.problems.Err(); err != nil {
		return nil, err
	}
	return &Result{Rules: j.rules, Summary: j.summary(), sources: paths}, nil
}

// wrongAltogether notes a problem if there are no rules, or if nothing was in the syntax of the
// kind.
func (j *Job) wrongAltogether(paths []string) {
	if len(j.findings) == 0 {
		j.AddProblem(strings.Join(paths, ", "), 0, "no rules in it; --from %s reads %s", j.kind.Name, j.kind.What)
		return
	}
	for i := range j.findings {
		f := &j.findings[i]
		if f.status != skipped || f.reasons[0].Text != j.kind.WhyNotRule {
			return
		}
	}
	f := &j.findings[0]
	j.AddProblem(f.file, f.line, "%s; --from %s reads %s", f.reasons[0], j.kind.Name, j.kind.What)
}

func (j *Job) AddProblem(file string, line int, format string, args ...any) {
	j.problems.Add(file, line, format, args...)
}

// OneLine returns s for messages: valid UTF-8 on one line, bounded.
func OneLine(s string) string {
	const most = 500
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

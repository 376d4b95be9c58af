// An import from files to rules.

package importer

import "strings"

// Result is what an import made.
type Result struct {
	Rules   []Rule // in the order of the files and of the rules in them
	Summary Summary

	sources []string
}

// run imports the files at paths. mistaken says of a file of another kind what it is.
func (j *job) run(paths []string, mistaken func(k *kind, in *input) string) (*Result, error) {
	if len(paths) == 0 {
		j.problem("", 0, "no file given to import")
	}
	r := j.kind.open()
	for _, src := range j.expand(paths) {
		in, ok := j.load(src)
		if !ok || j.fatal {
			continue
		}
		j.files++
		if what := mistaken(j.kind, in); what != "" {
			j.problem(src.path, 0, "%s", what)
			continue
		}
		r.read(j, in)
	}
	r.finish(j)
	if j.problems.Count() == 0 {
		j.wrongAltogether(paths)
	}
	j.problems.Sort()
	if err := j.problems.Err(); err != nil {
		return nil, err
	}
	return &Result{Rules: j.rules, Summary: j.summary(), sources: paths}, nil
}

// wrongAltogether notes a problem if there are no rules, or nothing that was
// understood as one.
func (j *job) wrongAltogether(paths []string) {
	if len(j.findings) == 0 {
		j.problem(strings.Join(paths, ", "), 0, "no rules in it; --from %s reads %s", j.kind.name, j.kind.what)
		return
	}
	for i := range j.findings {
		f := &j.findings[i]
		if f.status != skipped || f.reasons[0].text != j.kind.alien {
			return
		}
	}
	f := &j.findings[0]
	j.problem(f.file, f.line, "%s; --from %s reads %s", f.reasons[0], j.kind.name, j.kind.what)
}

func (j *job) problem(file string, line int, format string, args ...any) {
	j.problems.Add(file, line, format, args...)
}

// oneLine is s as a message can hold it: valid UTF-8 on one line, bounded.
func oneLine(s string) string {
	const most = 500
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

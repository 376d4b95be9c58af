// The kinds of rule sets, and one import from files to rules.

package importer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/keys"
	"trawl/edge/rules"
)

// Kind is a kind of rule sets that can be imported.
type Kind struct {
	Name string // for Import
	What string // what it reads, for people
}

// kind is how one is read.
type kind struct {
	Kind
	inFolder func(path, root string) bool // whether a file found in a folder is one of them
	read     func(j *job, in *input)      // finds the rules of one file
	finish   func(j *job)                 // after the last file; may be nil
}

// kinds in the order in which help names them.
func kinds() []kind {
	return []kind{
		{Kind{"words", "word list: one literal per line"}, withExtension(".txt", ".lst", ".list", ".dic", ".words", ""), readWords, nil},
		{Kind{"regex", "one POSIX extended regex per line, as for grep -E -f"}, isRegexList, readERE, nil},
		{Kind{"bre", "one POSIX basic regex per line, as for grep -f"}, isRegexList, readBRE, nil},
		{Kind{"logcheck", "logcheck's rule files and folders"}, isLogcheckFile, readLogcheck, nil},
		{Kind{"fail2ban", "fail2ban's filters (filter.d/*.conf)"}, withExtension(".conf"), readFail2ban, nil},
		{Kind{"spamassassin", "SpamAssassin's rules (local.cf)"}, withExtension(".cf"), readSpamAssassin, finishSpamAssassin},
		{Kind{"hosts", "hosts files that block names (0.0.0.0 name)"}, isHostsFile, readHosts, nil},
		{Kind{"crs", "ModSecurity rules and data lists, such as the OWASP Core Rule Set"}, withExtension(".conf"), readCRS, finishCRS},
		{Kind{"snort", "Snort and Suricata rules"}, withExtension(".rules"), readSnort, nil},
		{Kind{"yara", "YARA rules"}, withExtension(".yar", ".yara", ".rule"), readYARA, nil},
		{Kind{"sigma", "Sigma rules (YAML)"}, withExtension(".yml", ".yaml"), readSigma, nil},
	}
}

var isRegexList = withExtension(".txt", ".re", ".regex", ".grep", "")

// isHostsFile takes files called hosts, too.
func isHostsFile(path, root string) bool {
	return strings.HasPrefix(filepath.Base(path), "hosts") || withExtension(".txt", ".hosts")(path, root)
}

func withExtension(list ...string) func(path, root string) bool {
	return func(path, _ string) bool {
		return slices.Contains(list, strings.ToLower(filepath.Ext(path)))
	}
}

// Kinds lists what Import can read.
func Kinds() []Kind {
	var list []Kind
	for _, k := range kinds() {
		list = append(list, k.Kind)
	}
	return list
}

// Names are the names of Kinds.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	return names
}

// ErrUnknownKind is the error for a kind that is none of Kinds.
var ErrUnknownKind = errors.New("unknown kind of rules")

// Result is what an import made.
type Result struct {
	Rules   []Rule // in the order of the files and of the rules in them
	Summary Summary

	sources []string
}

// Import reads the files at paths, and the files of that kind in folders, and
// returns their rules. Errors are ErrUnknownKind, or rules.Problems with all that
// could not be read: then nothing is returned, since what is missing could not
// be counted. Rules that cannot be taken are no errors; the summary has them.
func Import(name string, paths []string) (*Result, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w %q; use %s", ErrUnknownKind, name, strings.Join(Names(), ", "))
	}
	return newJob(&all[i], osFiles{}).run(paths)
}

// maxKeyPair is how many bytes of a file are looked at for a secret key.
const maxKeyPair = 64 << 10

// run imports the files at paths.
func (j *job) run(paths []string) (*Result, error) {
	if len(paths) == 0 {
		j.problem("", 0, "no file given to import")
	}
	for _, src := range j.expand(paths) {
		in, ok := j.load(src)
		if !ok || j.fatal {
			continue
		}
		j.files++
		if keys.IsPair(string(in.data[:min(len(in.data), maxKeyPair)])) {
			j.problem(src.path, 0, "a key pair and no rules: its lines would become rules, and be shown; name the right file")
			continue
		}
		if looks := guess(in.data); looks != "" && looks != j.kind.Name {
			j.wrongKind(src.path, looks)
			continue
		}
		j.kind.read(j, in)
	}
	if j.kind.finish != nil {
		j.kind.finish(j)
	}
	if len(j.problems) == 0 {
		j.wrongAltogether(paths)
	}
	if len(j.problems) > 0 {
		return nil, j.sortedProblems()
	}
	return &Result{Rules: j.rules, Summary: j.summary(), sources: paths}, nil
}

func (j *job) wrongKind(path, looks string) {
	if looks == guessTrawl {
		j.problem(path, 0, "this is a rule file of trawl already: use it as it is (-f %s)", filepath.Base(path))
		return
	}
	if what, ok := notImported.Get()[looks]; ok {
		j.problem(path, 0, "this looks like %s", what)
		return
	}
	j.problem(path, 0, "this looks like %s: --from %s", guessNames.Get()[looks], looks)
}

// wrongAltogether notes a problem if there are no rules, or nothing that was
// understood as one.
func (j *job) wrongAltogether(paths []string) {
	if len(j.findings) == 0 {
		j.problem(strings.Join(paths, ", "), 0, "no rules in it; --from %s reads %s", j.kind.Name, j.kind.What)
		return
	}
	strange := []string{whyNotRule, whyYARA, whySigma, whySecRule, whySpamRule, whyHostsLine}
	for i := range j.findings {
		f := &j.findings[i]
		if f.status != skipped || !slices.Contains(strange, f.reasons[0].text) {
			return
		}
	}
	f := &j.findings[0]
	j.problem(f.file, f.line, "%s; --from %s reads %s", f.reasons[0], j.kind.Name, j.kind.What)
}

// maxProblems bounds what is kept of them; a wrong file can have any number.
const maxProblems = 100

func (j *job) problem(file string, line int, format string, args ...any) {
	switch {
	case len(j.problems) < maxProblems:
		j.problems = append(j.problems, rules.Problem{File: file, Line: line, Message: oneLine(escape.Sprintf(format, args...))})
	case len(j.problems) == maxProblems:
		j.problems = append(j.problems, rules.Problem{Message: "and more"})
	}
}

// sortedProblems leaves the order of files as it is.
func (j *job) sortedProblems() rules.Problems {
	sort.SliceStable(j.problems, func(i, k int) bool {
		a, b := &j.problems[i], &j.problems[k]
		return a.File == b.File && a.Line < b.Line
	})
	return j.problems
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

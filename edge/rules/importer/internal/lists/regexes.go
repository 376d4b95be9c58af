package lists

// Lists of regexes, one per line, for grep -f and grep -E -f. Files of logcheck are lists with
// comments.

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

var logcheckLine = re2.LineEnd{
	Strips: `[\s\v]`,
	Why:    "never matches in logcheck, which takes blanks off the ends of lines first",
}

const (
	whyEmptyRegex = "empty regex, which matches every line"
	whyCR         = "finds more: the carriage return at the line's end, which grep takes for a part of the regex, is left off"

	noteExtended = `\( \| \+ \? \{ are characters here, as in grep -E; the regexes of a list for grep without -E: --from bre`
)

// regexFiles are the endings of files with regexes.
const regexFiles = ".txt .re .regex .grep -"

var (
	Regex = job.Kind{
		Name: "regex", What: "one POSIX extended regex per line, as for grep -E -f", Extensions: regexFiles,
		Open: func() job.Reader { return job.Stateless(readERE) },
	}
	BasicRegex = job.Kind{
		Name: "bre", What: "one POSIX basic regex per line, as for grep -f", Extensions: regexFiles,
		Open: func() job.Reader { return job.Stateless(readBRE) },
	}
	Logcheck = job.Kind{
		Name: "logcheck", What: "logcheck's rule files and folders", InFolder: isLogcheckFile,
		Open: func() job.Reader { return job.Stateless(readLogcheck) },
	}
)

// readERE takes every line as an extended regex: grep knows no comments.
func readERE(j *job.Job, in *job.Input) {
	readRegexes(j, in, func(e *job.Entry, line []byte) {
		takePOSIX(e, line, re2.ERE, re2.WholeLine)
		if looksBasic(line) {
			e.Remark(noteExtended)
		}
	})
}

// readBRE takes every line as a basic regex.
func readBRE(j *job.Job, in *job.Input) {
	readRegexes(j, in, func(e *job.Entry, line []byte) { takePOSIX(e, line, re2.BRE, re2.WholeLine) })
}

func readRegexes(j *job.Job, in *job.Input, take func(e *job.Entry, line []byte)) {
	name := job.ShortPath(in.Path, 1)
	j.Lines(in, func(number int, line []byte) bool {
		e := j.Begin(in.Path, number, "", job.IDFrom(fmt.Sprintf("%s:%d", name, number)))
		if len(line) == 0 {
			e.Skip(whyEmptyRegex, "")
		} else {
			take(e, line)
		}
		e.End()
		return true
	})
}

// looksBasic reports whether a line has operators of basic regexes, and none of extended ones.
func looksBasic(line []byte) bool {
	s := bracketed.Get().ReplaceAll(line, nil)
	return basicOperator.Get().Match(s) && !bytes.ContainsAny(basicOperator.Get().ReplaceAll(s, nil), "()|+?{")
}

var (
	bracketed     = ondemand.Regexp{Expr: `\[[^]]*\]`}
	basicOperator = ondemand.Regexp{Expr: `\\[(){}|+?]`}
)

// takePOSIX takes a POSIX regex. lines is what the program does to lines before matching.
func takePOSIX(e *job.Entry, src []byte, translate func(string) (re2.Translation, error), lines re2.LineEnd) {
	if e.Job.LineHadCR {
		e.TakeInPart(whyCR, "")
	}
	if !utf8.Valid(src) && !bytes.ContainsAny(src, `\.+*?()|[]{}^$`) {
		e.AddLiterals("", false, bytes.Clone(src)) // any bytes will do as a literal
		return
	}
	t, err := translate(string(src))
	if err == nil {
		t, err = lines.Apply(t)
	}
	if err != nil {
		e.SkipFor(err)
		return
	}
	e.AddTranslation("", t, false)
}

// logcheckName matches the file names that run-parts accepts, and so logcheck.
var logcheckName = ondemand.Regexp{Expr: `^[A-Za-z0-9_-]+$`}

// logcheckFolder are logcheck's own folders below /etc/logcheck.
var logcheckFolder = ondemand.Regexp{Expr: `^(?:cracking|violations)(?:\.ignore)?\.d$|^ignore\.d\.(?:paranoid|server|workstation)$`}

// isLogcheckFile accepts files in the folder named by the user, and in logcheck's folders below.
func isLogcheckFile(path, root string) bool {
	dir := filepath.Dir(path)
	return logcheckName.Get().MatchString(filepath.Base(path)) &&
		(filepath.Clean(dir) == filepath.Clean(root) || logcheckFolder.Get().MatchString(filepath.Base(dir)))
}

// readLogcheck skips comments and blank lines, as logcheck does.
func readLogcheck(j *job.Job, in *job.Input) {
	name := job.ShortPath(in.Path, 2)
	tags := logcheckTags(in.Path)
	j.Lines(in, func(number int, line []byte) bool {
		switch {
		case len(bytes.Trim(line, " \t\v\f\r")) == 0:
			j.PassedOver.Add("blank lines")
			return true
		case line[0] == '#':
			j.PassedOver.Add("comments")
			return true
		}
		e := j.Begin(in.Path, number, "", job.IDFrom(fmt.Sprintf("%s:%d", name, number)))
		e.Base.Tags = tags
		takePOSIX(e, line, re2.ERE, logcheckLine)
		e.End()
		return true
	})
}

// logcheckTags returns the meaning of a folder of logcheck as tags: the kind of lines, and whether
// they are ignored.
func logcheckTags(path string) []string {
	dir := filepath.Base(filepath.Dir(path))
	if !logcheckFolder.Get().MatchString(dir) {
		return nil
	}
	kind, _, _ := strings.Cut(dir, ".")
	switch {
	case strings.HasPrefix(dir, "ignore.d."):
		return []string{"ignore", strings.TrimPrefix(dir, "ignore.d.")}
	case strings.HasSuffix(dir, ".ignore.d"):
		return []string{"ignore", kind}
	}
	return []string{kind}
}

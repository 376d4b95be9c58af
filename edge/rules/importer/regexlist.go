// Regexes one per line, as grep -f and grep -E -f read them; logcheck's files are
// such lists with comments.

package importer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
)

const (
	whyEmptyRegex = "empty regex, which matches every line"
	whyCR         = "finds more: the carriage return at the line's end, which grep takes for a part of the regex, is left off"

	noteExtended = `\( \| \+ \? \{ are characters here, as in grep -E; the regexes of a list for grep without -E: --from bre`
)

// readERE takes every line as an extended regex: grep knows no comments.
func readERE(j *job, in *input) {
	readRegexes(j, in, func(e *entry, line []byte) {
		e.posix(line, translateERE, wholeLine)
		if looksBasic(line) {
			e.remark(noteExtended)
		}
	})
}

// readBRE takes every line as a basic regex.
func readBRE(j *job, in *input) {
	readRegexes(j, in, func(e *entry, line []byte) { e.posix(line, translateBRE, wholeLine) })
}

func readRegexes(j *job, in *input, take func(e *entry, line []byte)) {
	name := shortPath(in.path, 1)
	j.lines(in, func(number int, line []byte) bool {
		e := j.begin(in.path, number, "", idFrom(fmt.Sprintf("%s:%d", name, number)))
		if len(line) == 0 {
			e.skip(whyEmptyRegex, "")
		} else {
			take(e, line)
		}
		e.end()
		return true
	})
}

// looksBasic says whether a line has what only a basic regex has a use for, and
// nothing that only an extended one has.
func looksBasic(line []byte) bool {
	s := bracketed.Get().ReplaceAll(line, nil)
	return basicOperator.Get().Match(s) && !bytes.ContainsAny(basicOperator.Get().ReplaceAll(s, nil), "()|+?{")
}

var (
	bracketed     = ondemand.Regexp{Expr: `\[[^]]*\]`}
	basicOperator = ondemand.Regexp{Expr: `\\[(){}|+?]`}
)

// posix takes a POSIX regex, which the peer applies to lines that it has made ready.
func (e *entry) posix(src []byte, translate func(string) (translation, error), lines lineEnd) {
	if e.job.cr {
		e.partly(whyCR, "")
	}
	if !utf8.Valid(src) && !bytes.ContainsAny(src, `\.+*?()|[]{}^$`) {
		e.literals("", false, bytes.Clone(src)) // any bytes will do as a literal
		return
	}
	t, err := translate(string(src))
	if err == nil {
		t, err = lines.apply(t)
	}
	if err != nil {
		e.refused(err)
		return
	}
	e.translated("", t, false)
}

// refused skips the rule for what a translation said.
func (e *entry) refused(err error) {
	if r, ok := err.(*refused); ok {
		e.skip(r.text, r.detail)
		return
	}
	e.skip("regex cannot be translated", err.Error())
}

// logcheckName is what run-parts, and so logcheck, takes of a folder.
var logcheckName = ondemand.Regexp{Expr: `^[A-Za-z0-9_-]+$`}

// logcheckFolder are logcheck's own folders below /etc/logcheck.
var logcheckFolder = ondemand.Regexp{Expr: `^(?:cracking|violations)(?:\.ignore)?\.d$|^ignore\.d\.(?:paranoid|server|workstation)$`}

// isLogcheckFile takes the files of the folder named, and of logcheck's folders
// in it.
func isLogcheckFile(path, root string) bool {
	dir := filepath.Dir(path)
	return logcheckName.Get().MatchString(filepath.Base(path)) &&
		(filepath.Clean(dir) == filepath.Clean(root) || logcheckFolder.Get().MatchString(filepath.Base(dir)))
}

// readLogcheck leaves out what logcheck does: comments and blank lines.
func readLogcheck(j *job, in *input) {
	name := shortPath(in.path, 2)
	tags := logcheckTags(in.path)
	j.lines(in, func(number int, line []byte) bool {
		switch {
		case len(bytes.Trim(line, " \t\v\f\r")) == 0:
			j.aside.add("blank lines")
			return true
		case line[0] == '#':
			j.aside.add("comments")
			return true
		}
		e := j.begin(in.path, number, "", idFrom(fmt.Sprintf("%s:%d", name, number)))
		e.base.Tags = tags
		e.posix(line, translateERE, logcheckLine)
		e.end()
		return true
	})
}

// logcheckTags are what a folder of logcheck's says about the rules in it: what
// its lines are, and whether they are to be ignored.
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

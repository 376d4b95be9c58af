// Regexes one per line, as grep -E -f reads them; logcheck's files are such lists
// with comments.

package importer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// readRegexes takes every line: grep knows no comments.
func readRegexes(j *job, in *input) {
	name := shortPath(in.path, 1)
	j.lines(in, func(number int, line []byte) bool {
		e := j.begin(in.path, number, "", idFrom(fmt.Sprintf("%s:%d", name, number)))
		if len(line) == 0 {
			e.skip("empty regex, which matches every line", "")
		} else {
			e.ere(line)
		}
		e.end()
		return true
	})
}

// ere takes a POSIX extended regex.
func (e *entry) ere(src []byte) {
	if !utf8.Valid(src) && !bytes.ContainsAny(src, `\.+*?()|[]{}^$`) {
		e.literals("", false, bytes.Clone(src)) // any bytes will do as a literal
		return
	}
	t, err := translateERE(string(src))
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
var logcheckName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// logcheckFolder are logcheck's own folders below /etc/logcheck.
var logcheckFolder = regexp.MustCompile(`^(?:cracking|violations)(?:\.ignore)?\.d$|^ignore\.d\.(?:paranoid|server|workstation)$`)

// isLogcheckFile takes the files of the folder named, and of logcheck's folders
// in it.
func isLogcheckFile(path, root string) bool {
	dir := filepath.Dir(path)
	return logcheckName.MatchString(filepath.Base(path)) &&
		(filepath.Clean(dir) == filepath.Clean(root) || logcheckFolder.MatchString(filepath.Base(dir)))
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
		e.ere(line)
		e.end()
		return true
	})
}

// logcheckTags are what a folder of logcheck's says about the rules in it: what
// its lines are, and whether they are to be ignored.
func logcheckTags(path string) []string {
	dir := filepath.Base(filepath.Dir(path))
	if !logcheckFolder.MatchString(dir) {
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

// fail2ban's filters: failregex and ignoreregex with what they are made of.

package importer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

const (
	f2bDefinition = "Definition"
	f2bInit       = "Init"

	noteDate    = "fail2ban cuts the date out of a line first: here it may stand at ^, in empty quotes and brackets, among blanks and at the end"
	noteNoFail  = "<F-NOFAIL> and <F-MLFGAINED>: fail2ban does not count such a line as a failure (tag nofail)"
	noteHost    = "<HOST> and the like are looked for, but not handed back"
	whyPrefix   = "finds more: prefregex and failregex are one regex here, so the prefix may end elsewhere"
	whyContent  = "finds more: what prefregex asks of <F-CONTENT> is not checked"
	whyIgnored  = "finds more: lines of the filter's ignoreregex (rules with the tag ignore) are not left out"
	whyOwnDate  = "finds less: the filter's datepattern is not understood, only usual dates are"
	whyDates    = "finds less: there are too many places from which a date may have been cut out"
	whyLines    = "regex over several lines (<SKIPLINES>, \\n)"
	whyMaxLines = "finds less: the filter looks at several lines at once (maxlines), and this regex can go on into the next"
	whyPrefRest = "prefregex that cannot be joined with the failregex"
	whyValue    = "value that cannot be resolved"
)

// readFail2ban reads one filter.
func readFail2ban(j *job, in *input) {
	l := iniLoader{job: j, source: in.source, out: iniFile{}}
	if err := l.load(in.path, in.data, nil); err != nil {
		line := 0
		var at *errINI
		if errors.As(err, &at) {
			line = at.line
		}
		j.problem(in.path, line, "%s", strings.TrimPrefix(err.Error(), in.path+": "))
		return
	}
	f := f2bFilter{job: j, path: in.path, name: idFrom(stem(in.path)), expander: expander{file: l.out}}
	before := len(j.findings)
	f.read()
	if len(j.findings) == before {
		j.aside.add("files without failregex, which others include")
	}
}

// f2bFilter is one filter under way.
type f2bFilter struct {
	expander
	job  *job
	path string
	name string

	pref     string
	prefErr  error
	ignores  bool
	ownDates bool // a datepattern that is not understood
	dates    f2bDates
	several  bool // lines are looked at at once
}

func (f *f2bFilter) read() {
	f.pref, f.prefErr = f.value("prefregex")
	f.dates, f.ownDates = usualDates, false
	if v, err := f.value("datepattern"); err == nil && strings.TrimSpace(v) != "" {
		f.dates, f.ownDates = f2bOwnDates(v)
	}
	lines, _ := f.value("maxlines")
	n, err := strconv.Atoi(strings.TrimSpace(lines))
	f.several = err == nil && n > 1
	ignore, _ := f.value("ignoreregex")
	f.ignores = strings.TrimSpace(ignore) != ""
	for _, option := range []string{"failregex", "ignoreregex"} {
		f.option(option)
	}
}

// option takes the regexes of failregex or ignoreregex.
func (f *f2bFilter) option(option string) {
	raw, ok := f.file[f2bDefinition][option]
	if !ok {
		return
	}
	value, err := f.value(option)
	if err != nil {
		e := f.begin(raw, raw.number[0], option, 1)
		e.skip(whyValue, err.Error())
		e.end()
		return
	}
	lines := strings.Split(value, "\n")
	n := 0
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		n++
		number := raw.number[0]
		if len(lines) == len(raw.lines) {
			number = raw.number[i]
		}
		e := f.begin(raw, number, option, n)
		f.regex(e, option, line)
		e.end()
	}
}

func (f *f2bFilter) begin(v *iniValue, line int, option string, n int) *entry {
	id := fmt.Sprintf("%s/%s/%d", f.name, option, n)
	e := f.job.begin(v.file, line, id, id)
	e.base.Tags = []string{f.name}
	if option == "ignoreregex" {
		e.base.Tags = []string{f.name, "ignore"}
	}
	return e
}

// value is an option with everything put in that it refers to.
func (f *f2bFilter) value(option string) (string, error) {
	section := f2bInit
	if _, ok := f.file[section][option]; !ok {
		section = f2bDefinition
	}
	raw, ok := f.file.lookup(section, option)
	if !ok {
		return "", nil
	}
	s, err := f.interpolate(section, raw, 0)
	if err != nil {
		return "", err
	}
	return f.tags(s)
}

var f2bTag = ondemand.Regexp{Expr: `<([^ <>]+)>`}

// tags replaces <name> by the option of that name, innermost ones first; other
// tags stay.
func (f *f2bFilter) tags(s string) (string, error) {
	const most = 1000 // replacements
	for range most {
		at, value := f.nextTag(s)
		if at == nil {
			return s, nil
		}
		s = s[:at[0]] + value + s[at[1]:]
		if len(s) > maxExpanded/8 {
			return "", errExpanded
		}
	}
	return "", errExpanded
}

// nextTag finds the first tag that is an option's name, and its value.
func (f *f2bFilter) nextTag(s string) ([]int, string) {
	for from := 0; ; {
		at := f2bTag.Get().FindStringSubmatchIndex(s[from:])
		if at == nil {
			return nil, ""
		}
		name := s[from+at[2] : from+at[3]]
		if value, ok := f.tagValue(name); ok {
			return []int{from + at[0], from + at[1]}, value
		}
		from += at[1]
	}
}

func (f *f2bFilter) tagValue(name string) (string, bool) {
	if name == "logtype" && f.file[f2bDefinition][name] == nil && f.file[f2bInit][name] == nil {
		return "file", true // fail2ban sets it for logs that are files
	}
	section := f2bInit
	if _, ok := f.file[section][name]; !ok {
		section = f2bDefinition
	}
	raw, ok := f.file.lookup(section, name)
	if !ok || name != strings.ToLower(name) && !strings.Contains(name, "/") {
		return "", false
	}
	value, err := f.interpolate(section, raw, 0)
	return value, err == nil
}

// regex takes one failregex or ignoreregex.
func (f *f2bFilter) regex(e *entry, option, src string) {
	if strings.Contains(src, "<SKIPLINES>") {
		e.skip(whyLines, "")
		return
	}
	if f.ignores && option == "failregex" {
		e.partly(whyIgnored, "")
	}
	if f.ownDates {
		e.partly(whyOwnDate, "")
	}
	if strings.Contains(src, "<F-NOFAIL>") || strings.Contains(src, "<F-MLFGAINED>") {
		e.base.Tags = append(e.base.Tags, "nofail")
		e.remark(noteNoFail)
	}
	t, err := translatePerl(f2bTags(src), pythonDialect, perlFlags{})
	if err == nil && option == "failregex" && (f.pref != "" || f.prefErr != nil) {
		t, err = f.prefixed(e, t)
	}
	if err != nil {
		e.refused(err)
		return
	}
	t, same := wordEdges(t)
	if !same {
		e.partly(whyUnicodeEdge, "")
	}
	if f.several && spansLines(t) {
		e.partly(whyMaxLines, "")
	}
	if t, err = fail2banLine.apply(t); err != nil {
		e.refused(err)
		return
	}
	// The line break that fail2ban puts at the end has been seen to: what is left
	// stands between lines.
	if (&Rule{Regex: t.expr}).needsLineBreak() {
		e.skip(whyLines, "")
		return
	}
	expr, all := withDates(t.expr, f.dates)
	if !all {
		e.partly(whyDates, "")
	}
	if expr != t.expr {
		t.expr = expr
		e.remark(noteDate)
	}
	e.translated("", t, false)
}

// spansLines says whether a match of t can have a line break within it.
func spansLines(t translation) bool {
	s, ok := parseShape(t.expr)
	return !ok || s.takes('\n')
}

// takes says whether one of the atoms of s matches r.
func (s *shape) takes(r rune) bool {
	return s.set.has(r) || slices.ContainsFunc(s.subs, func(sub *shape) bool { return sub.takes(r) })
}

// prefixed joins prefregex with a failregex, which is searched in what
// <F-CONTENT> is: the rest of the line.
func (f *f2bFilter) prefixed(e *entry, t translation) (translation, error) {
	if f.prefErr != nil {
		return t, refuse(whyValue, f.prefErr.Error())
	}
	head, rest, ok := strings.Cut(f.pref, "<F-CONTENT>")
	content, tail, closed := strings.Cut(rest, "</F-CONTENT>")
	if !ok || !closed || tail != "" && tail != "$" {
		return t, refuse(whyPrefRest, "")
	}
	if content != ".+" && content != ".*" {
		e.partly(whyContent, content)
	}
	prefix, err := translatePerl(f2bTags(head), pythonDialect, perlFlags{})
	if err != nil {
		var r *refused
		if errors.As(err, &r) {
			return t, refuse("prefregex: "+r.text, r.detail)
		}
		return t, err
	}
	joined, ok := joinPrefix(prefix, t)
	if !ok {
		return t, refuse(whyPrefRest, "^ in the middle")
	}
	e.partly(whyPrefix, "")
	e.note(prefix)
	return joined, nil
}

var leadingFlags = ondemand.Regexp{Expr: `^\(\?[a-zA-Z]+\)`}

// joinPrefix is prefix followed by t, whose alternatives begin right there if
// they have a ^, and anywhere behind it if not; false if a ^ is elsewhere.
func joinPrefix(prefix, t translation) (translation, bool) {
	if len(prefix.bars) > 0 {
		return t, false
	}
	var alternatives []string
	from := 0
	for _, to := range append(append([]int(nil), t.bars...), len(t.expr)) {
		part := t.expr[from:to]
		flags := leadingFlags.Get().FindString(part)
		inside := 0
		anchored := false
		for _, c := range t.carets {
			if c >= from && c < to {
				inside++
				anchored = anchored || c == from+len(flags)
			}
		}
		switch {
		case inside == 0:
			part = flags + ".*?" + part[len(flags):]
		case inside == 1 && anchored:
			part = flags + part[len(flags)+1:]
		default:
			return t, false
		}
		alternatives = append(alternatives, part)
		from = to + 1
	}
	body := strings.Join(alternatives, "|")
	if len(alternatives) > 1 || leadingFlags.Get().MatchString(body) {
		body = "(?:" + body + ")"
	}
	joined := t
	joined.expr = prefix.expr + body
	joined.carets = prefix.carets
	return joined, true
}

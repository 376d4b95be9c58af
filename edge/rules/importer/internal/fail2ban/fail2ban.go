package fail2ban

// fail2ban's filters: failregex and ignoreregex with what they are made of.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

const (
	sectionDefinition = "Definition"
	sectionInit       = "Init"

	noteDate    = "fail2ban cuts the date out of a line first: here it may stand at ^, in empty quotes and brackets, among blanks and at the end"
	noteNoFail  = "<F-NOFAIL> and <F-MLFGAINED>: fail2ban does not count such a line as a failure (tag nofail)"
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

var Kind = job.Kind{
	Name: "fail2ban", What: "fail2ban's filters (filter.d/*.conf)", Extensions: ".conf",
	Open: func() job.Reader { return job.Stateless(read) },
}

// read reads one filter.
func read(j *job.Job, in *job.Input) {
	l := iniLoader{job: j, source: in.Source, out: iniFile{}}
	if err := l.load(in.Path, in.Data, nil); err != nil {
		line := 0
		var at *errINI
		if errors.As(err, &at) {
			line = at.line
		}
		j.AddProblem(in.Path, line, "%s", strings.TrimPrefix(err.Error(), in.Path+": "))
		return
	}
	f := filter{job: j, path: in.Path, name: job.IDFrom(job.Stem(in.Path)), expander: expander{file: l.out}}
	before := j.CountFound()
	f.read()
	if j.CountFound() == before {
		j.PassedOver.Add("files without failregex, which others include")
	}
}

// filter is one filter under way.
type filter struct {
	expander
	job  *job.Job
	path string
	name string

	pref     string
	prefErr  error
	ignores  bool
	ownDates bool // a datepattern that is not understood
	dates    cutDates
	several  bool // lines are looked at at once
}

func (f *filter) read() {
	f.pref, f.prefErr = f.value("prefregex")
	f.dates, f.ownDates = usualDates, false
	if v, err := f.value("datepattern"); err == nil && strings.TrimSpace(v) != "" {
		f.dates, f.ownDates = readDatePatterns(v)
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
func (f *filter) option(option string) {
	raw, ok := f.file[sectionDefinition][option]
	if !ok {
		return
	}
	value, err := f.value(option)
	if err != nil {
		e := f.begin(raw, raw.number[0], option, 1)
		e.Skip(whyValue, err.Error())
		e.End()
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
		e.End()
	}
}

func (f *filter) begin(v *iniValue, line int, option string, n int) *job.Entry {
	id := fmt.Sprintf("%s/%s/%d", f.name, option, n)
	e := f.job.Begin(v.file, line, id, id)
	e.Base.Tags = []string{f.name}
	if option == "ignoreregex" {
		e.Base.Tags = []string{f.name, "ignore"}
	}
	return e
}

// value is an option with everything put in that it refers to.
func (f *filter) value(option string) (string, error) {
	section := sectionInit
	if _, ok := f.file[section][option]; !ok {
		section = sectionDefinition
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

var optionTag = ondemand.Regexp{Expr: `<([^ <>]+)>`}

// tags replaces <name> by the option of that name, innermost ones first; other
// tags stay.
func (f *filter) tags(s string) (string, error) {
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
func (f *filter) nextTag(s string) ([]int, string) {
	for from := 0; ; {
		at := optionTag.Get().FindStringSubmatchIndex(s[from:])
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

func (f *filter) tagValue(name string) (string, bool) {
	if name == "logtype" && f.file[sectionDefinition][name] == nil && f.file[sectionInit][name] == nil {
		return "file", true // fail2ban sets it for logs that are files
	}
	section := sectionInit
	if _, ok := f.file[section][name]; !ok {
		section = sectionDefinition
	}
	raw, ok := f.file.lookup(section, name)
	if !ok || name != strings.ToLower(name) && !strings.Contains(name, "/") {
		return "", false
	}
	value, err := f.interpolate(section, raw, 0)
	return value, err == nil
}

// regex takes one failregex or ignoreregex.
func (f *filter) regex(e *job.Entry, option, src string) {
	if strings.Contains(src, "<SKIPLINES>") {
		e.Skip(whyLines, "")
		return
	}
	if f.ignores && option == "failregex" {
		e.TakeInPart(whyIgnored, "")
	}
	if f.ownDates {
		e.TakeInPart(whyOwnDate, "")
	}
	if strings.Contains(src, "<F-NOFAIL>") || strings.Contains(src, "<F-MLFGAINED>") {
		e.Base.Tags = append(e.Base.Tags, "nofail")
		e.Remark(noteNoFail)
	}
	t, err := re2.Perl(expandTags(src), re2.Python, re2.Flags{})
	if err == nil && option == "failregex" && (f.pref != "" || f.prefErr != nil) {
		t, err = f.prefixed(e, t)
	}
	if err != nil {
		e.SkipFor(err)
		return
	}
	t, same := re2.WordEdges(t)
	if !same {
		e.TakeInPart(re2.WhyUnicodeEdge, "")
	}
	if f.several && spansLines(t) {
		e.TakeInPart(whyMaxLines, "")
	}
	if t, err = filterLine.Apply(t); err != nil {
		e.SkipFor(err)
		return
	}
	// The line break that fail2ban puts at the end has been seen to: what is left
	// stands between lines.
	if (&job.Rule{Regex: t.Expr}).NeedsLineBreak() {
		e.Skip(whyLines, "")
		return
	}
	expr, all := withDates(t.Expr, f.dates)
	if !all {
		e.TakeInPart(whyDates, "")
	}
	if expr != t.Expr {
		t.Expr = expr
		e.Remark(noteDate)
	}
	e.AddTranslation("", t, false)
}

// spansLines says whether a match of t can have a line break within it.
func spansLines(t re2.Translation) bool {
	s, ok := shape.Parse(t.Expr)
	return !ok || takes(s, '\n')
}

// takes says whether one of the atoms of s matches r.
func takes(s *shape.Node, r rune) bool {
	return s.Set.Has(r) || slices.ContainsFunc(s.Subs, func(sub *shape.Node) bool { return takes(sub, r) })
}

// prefixed joins prefregex with a failregex, which is searched in what
// <F-CONTENT> is: the rest of the line.
func (f *filter) prefixed(e *job.Entry, t re2.Translation) (re2.Translation, error) {
	if f.prefErr != nil {
		return t, re2.Refuse(whyValue, f.prefErr.Error())
	}
	head, rest, ok := strings.Cut(f.pref, "<F-CONTENT>")
	content, tail, closed := strings.Cut(rest, "</F-CONTENT>")
	if !ok || !closed || tail != "" && tail != "$" {
		return t, re2.Refuse(whyPrefRest, "")
	}
	if content != ".+" && content != ".*" {
		e.TakeInPart(whyContent, content)
	}
	prefix, err := re2.Perl(expandTags(head), re2.Python, re2.Flags{})
	if err != nil {
		var r *re2.Refused
		if errors.As(err, &r) {
			return t, re2.Refuse("prefregex: "+r.Text, r.Detail)
		}
		return t, err
	}
	joined, ok := joinPrefix(prefix, t)
	if !ok {
		return t, re2.Refuse(whyPrefRest, "^ in the middle")
	}
	e.TakeInPart(whyPrefix, "")
	e.NoteTranslation(prefix)
	return joined, nil
}

// joinPrefix is prefix followed by t, whose alternatives begin right there if
// they have a ^, and anywhere behind it if not; false if a ^ is elsewhere.
func joinPrefix(prefix, t re2.Translation) (re2.Translation, bool) {
	if len(prefix.Bars) > 0 {
		return t, false
	}
	var alternatives []string
	from := 0
	for _, to := range append(append([]int(nil), t.Bars...), len(t.Expr)) {
		part := t.Expr[from:to]
		flags := shape.LeadingFlags.Get().FindString(part)
		inside := 0
		anchored := false
		for _, c := range t.Carets {
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
	if len(alternatives) > 1 || shape.LeadingFlags.Get().MatchString(body) {
		body = "(?:" + body + ")"
	}
	joined := t
	joined.Expr = prefix.Expr + body
	joined.Carets = prefix.Carets
	return joined, true
}

var filterLine = re2.LineEnd{
	Strips: `[\r\n]`, Breaks: true,
	Why: `never matches in fail2ban, whose lines end in one line break`,
}

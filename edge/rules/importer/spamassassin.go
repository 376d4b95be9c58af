// SpamAssassin's configuration: rules about bodies, headers and URIs of messages.

package importer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
)

const (
	whySpamRule    = "not a rule in SpamAssassin's syntax"
	whySpamMeta    = "combines other rules (meta): trawl reports each by itself"
	whySpamEval    = "a test that SpamAssassin's own code makes (eval:)"
	whySpamNot     = "finds messages without a match (!~)"
	whySpamOff     = "its score is 0: SpamAssassin does not run it"
	whySpamLater   = "a later rule has the name, and takes its place"
	whySpamTags    = "tags that the plugin ReplaceTags puts characters in for"
	whySpamHeader  = "about a header that SpamAssassin makes itself"
	whySpamPart    = "anchored in a part of a header (:addr, :name)"
	whySpamWhole   = "finds more: of a header's part (:addr, :name, :first, :last) it looks at the whole header"
	whySpamAnchors = "anchors in the middle of a regex about a header"
	whySpamMissing = "finds less: a message without the header counts as if it had the value of [if-unset: …]"

	noteSpamText = "what SpamAssassin does to a message first (decoding, HTML, blanks and line breaks to one space) is for whoever sends the texts"
	noteSpamIf   = "within if or ifplugin: taken as if the condition held"
)

// spamRules are the rules of all files, until the last one has been read: what comes
// later can take a rule's place, or switch it off.
type spamRules struct {
	entries []*spamEntry
	last    map[string]*spamEntry
	scores  map[string]string
	about   map[string]string // their descriptions
	tagged  map[string]bool   // rules with tags of ReplaceTags
}

// spamEntry is a rule as it is written.
type spamEntry struct {
	file        string
	line        int
	key, name   string
	value       string
	conditional bool
}

// spamKeys are the settings that make a rule.
var spamKeys = []string{"body", "rawbody", "full", "uri", "header", "mimeheader", "meta"}

// readSpamAssassin collects the rules of a file.
func readSpamAssassin(j *job, in *input) {
	if j.spam == nil {
		j.spam = &spamRules{last: map[string]*spamEntry{}, scores: map[string]string{}, about: map[string]string{}, tagged: map[string]bool{}}
	}
	var conditions spamConditions
	j.lines(in, func(number int, line []byte) bool {
		key, value := spamSettingOf(string(line))
		switch {
		case key == "":
			j.aside.add("comments and blank lines")
		case conditions.take(key, value):
			j.aside.add("if, ifplugin, else and endif")
		case conditions.skipped():
			j.aside.add("settings within an if that does not hold")
		case key == "lang":
			j.aside.add("settings for one language (lang)")
		default:
			j.spamSetting(in.path, number, key, value, len(conditions) > 0)
		}
		return true
	})
}

var (
	spamComment = ondemand.Regexp{Expr: `(^|[^\\])#.*`}
	spamName    = ondemand.Regexp{Expr: `^[A-Za-z_]\w*$`}
)

// spamSettingOf is the setting of a line, and its value.
func spamSettingOf(line string) (key, value string) {
	line = strings.ReplaceAll(spamComment.Get().ReplaceAllString(line, "$1"), `\#`, "#")
	key, value = cutBlank(strings.TrimSpace(line))
	return strings.ReplaceAll(strings.ToLower(key), "-", "_"), value
}

// cutBlank cuts s at its first blanks.
func cutBlank(s string) (before, after string) {
	i := strings.IndexAny(s, " \t\v\f")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\v\f")
}

// spamSetting takes a setting in.
func (j *job) spamSetting(file string, line int, key, value string, conditional bool) {
	name, rest := cutBlank(value)
	switch {
	case slices.Contains(spamKeys, key):
		e := &spamEntry{file, line, key, name, rest, conditional}
		j.spam.entries = append(j.spam.entries, e)
		j.spam.last[name] = e
		return
	case key == "score":
		j.spam.scores[name] = rest
	case key == "describe":
		j.spam.about[name] = rest
	case key == "replace_rules":
		for _, name := range strings.Fields(value) {
			j.spam.tagged[name] = true
		}
	case key == "include":
		j.aside.add("includes: name these files too")
		return
	}
	j.aside.add("other settings")
}

// finishSpamAssassin makes the rules.
func finishSpamAssassin(j *job) {
	if j.spam == nil {
		return
	}
	for _, s := range j.spam.entries {
		if j.fatal {
			return
		}
		e := j.begin(s.file, s.line, s.name, idFrom(s.name))
		e.base.Tags = []string{s.key}
		e.base.Message = oneLine(j.spam.about[s.name])
		e.data("score", j.spam.scores[s.name])
		if s.conditional {
			e.remark(noteSpamIf)
		}
		j.spam.take(e, s)
		e.end()
	}
}

// take decides about one rule.
func (r *spamRules) take(e *entry, s *spamEntry) {
	switch {
	case !spamName.Get().MatchString(s.name) || s.value == "":
		e.skip(whySpamRule, s.key+" "+s.name+" "+s.value)
	case r.last[s.name] != s:
		e.skip(whySpamLater, "")
	case r.off(s.name):
		e.skip(whySpamOff, "")
	case s.key == "meta":
		e.skip(whySpamMeta, "")
	case strings.HasPrefix(s.value, "eval:"):
		e.skip(whySpamEval, cutAt(s.value, '('))
	case r.tagged[s.name]:
		e.skip(whySpamTags, "")
	case s.key == "header" || s.key == "mimeheader":
		e.spamHeader(s.value)
	default:
		lines := spamLine
		if s.key == "uri" {
			lines = wholeLine
		}
		t, err := translateSpam(s.value, lines)
		if err != nil {
			e.refused(err)
			return
		}
		e.remark(noteSpamText)
		e.translated("", t, false)
	}
}

// off says whether all scores of a rule are 0.
func (r *spamRules) off(name string) bool {
	fields := strings.Fields(r.scores[name])
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(s string) bool {
		n, err := strconv.ParseFloat(strings.Trim(s, "()"), 64)
		return err != nil || n != 0
	})
}

var (
	spamTest   = ondemand.Regexp{Expr: `^(\S+?)((?::\w+)*)\s*([=!])~\s*(.*)$`}
	spamUnset  = ondemand.Regexp{Expr: `\s+\[if-unset:\s*(.*)\]$`}
	spamExists = ondemand.Regexp{Expr: `^exists:(\S+)$`}
	spamClean  = ondemand.Regexp{Expr: `^[A-Za-z0-9_-]+$`}
)

// spamHeaders are the names that stand for several headers.
var spamHeaders = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"tocc":      "To|Cc",
		"messageid": "Message-Id|Resent-Message-Id|X-Message-Id",
	}
}}

// spamMade are headers that no message has.
var spamMade = ondemand.Regexp{Expr: `^(?i:EnvelopeFrom|X-Spam-.*|Relay.*|ALL-(?:TRUSTED|INTERNAL|UNTRUSTED|EXTERNAL))$`}

// spamAnchored is a regex with an anchor, or nearly.
var spamAnchored = ondemand.Regexp{Expr: `(?:^|[^\\[])[$^]|\\[Az]`}

// spamHeader takes a test of a header: a text is its line.
func (e *entry) spamHeader(value string) {
	if m := spamExists.Get().FindStringSubmatch(value); m != nil && spamClean.Get().MatchString(m[1]) {
		e.remark(noteSpamText)
		e.regex("", "^(?i:"+m[1]+"):", false)
		return
	}
	unset := spamUnset.Get().FindStringSubmatch(value)
	value = spamUnset.Get().ReplaceAllString(value, "")
	m := spamTest.Get().FindStringSubmatch(value)
	if m == nil {
		e.skip(whySpamRule, value)
		return
	}
	name, parts := m[1], strings.ToLower(m[2])
	switch {
	case m[3] == "!":
		e.skip(whySpamNot, "")
		return
	case spamMade.Get().MatchString(name):
		e.skip(whySpamHeader, name)
		return
	case !spamClean.Get().MatchString(name):
		e.skip(whySpamRule, value)
		return
	}
	part, lines := strings.ReplaceAll(parts, ":raw", ""), spamHeaderLine
	if part != parts {
		lines = spamLine // as it is
	}
	t, err := translateSpam(m[4], lines)
	if err != nil {
		e.refused(err)
		return
	}
	if part != "" {
		if spamAnchored.Get().MatchString(t.expr) && part != ":first" && part != ":last" {
			e.skip(whySpamPart, name+parts)
			return
		}
		e.partly(whySpamWhole, name+parts)
	}
	if unset != nil {
		e.partly(whySpamMissing, unset[1])
	}
	if strings.EqualFold(name, "ALL") { // the lines of all headers
		e.remark(noteSpamText)
		e.translated("", t, false)
		return
	}
	line := "^(?i:" + cmp.Or(spamHeaders.Get()[strings.ToLower(name)], name) + "):"
	if t, err = spamValue(line, t, part != parts); err != nil {
		e.refused(err)
		return
	}
	e.remark(noteSpamText)
	e.translated("", t, false)
}

// spamValue is line, the beginning of a header, and t behind it: at once, after any
// text, or after the blanks that only a raw value begins with.
func spamValue(line string, t translation, raw bool) (translation, error) {
	s, ok := parseShape(t.expr)
	if !ok {
		return t, refuse(whySpamAnchors, t.expr)
	}
	blanks, _ := setOf(`[\s\v]`, "")
	v := spamValuer{ok: true, raw: raw, blanks: blanks}
	s = v.value(s)
	switch {
	case !v.ok:
		return t, refuse(whySpamAnchors, t.expr)
	case s == nil:
		return t, refuse("never matches: the value of a header begins with no blank", t.expr)
	case raw:
		t.expr = line + catOf(s).String()
	default:
		t.expr = line + `[ \t]*` + catOf(s).String()
	}
	return t, nil
}

type spamValuer struct {
	ok     bool // there is no ^ but at the beginning
	raw    bool
	blanks runeSet
}

var (
	anyText, _  = parseShape(`.*?`)
	notBlank, _ = parseShape(`[^\s\v]`)
)

// value is s for a header's value.
func (v *spamValuer) value(s *shape) *shape {
	switch s.op {
	case shapeGroup:
		return s.groupOf(v.value(s.subs[0]))
	case shapeAlt:
		return s.each(v.value)
	case shapeCat:
		if len(s.subs) == 1 && s.subs[0].op == shapeGroup {
			return v.value(s.subs[0])
		}
	}
	s = catOf(s)
	anchored := len(s.subs) > 0 && s.subs[0].op == shapeAssert && s.subs[0].text == "^"
	if anchored {
		s = catOf(s.subs[1:]...)
	}
	s.asserted(func(text string) *shape {
		v.ok = v.ok && text != "^" && text != `\A`
		return s
	})
	set, open := s.edgeSet(false)
	blank := !v.raw && (open || len(set.and(v.blanks)) > 0)
	switch {
	case !blank && anchored:
		return s
	case !blank:
		return catOf(anyText, s)
	}
	begins := altOf(s.firsts(in(v.blanks.not())), s.empty())
	if anchored {
		return begins
	}
	return altOf(begins, catOf(notBlank, anyText, s))
}

// spamFlags are those of Perl that SpamAssassin lets through and that change nothing
// here: which characters count as letters, and that groups are not numbered.
const spamFlags = "aulnp"

// translateSpam translates a regex with its delimiters and flags.
func translateSpam(s string, lines lineEnd) (translation, error) {
	end, src := "/", s
	switch {
	case strings.HasPrefix(s, "/"):
		s = s[1:]
	case strings.HasPrefix(s, "m") || strings.HasPrefix(s, "qr"):
		s = strings.TrimPrefix(strings.TrimPrefix(s, "m"), "qr")
		if s == "" || isWordByte(s[0]) || s[0] == '\\' || s[0] >= 0x80 {
			return translation{}, refuse(whySpamRule, src)
		}
		end = string(s[0])
		if i := strings.IndexByte("{(<[", s[0]); i >= 0 {
			end = "})>]"[i : i+1]
		}
		s = s[1:]
	default:
		return translation{}, refuse(whySpamRule, s)
	}
	last := strings.LastIndex(s, end)
	if last < 0 {
		return translation{}, refuse(whySpamRule, "the regex has no end (a # that has no backslash begins a comment): "+src)
	}
	flags, err := spamFlagsOf(s[last+1:])
	if err != nil {
		return translation{}, err
	}
	t, err := translatePerl(s[:last], spamDialect, flags)
	if err != nil {
		return t, err
	}
	return lines.apply(t)
}

func spamFlagsOf(s string) (f perlFlags, err error) {
	for _, c := range s {
		switch {
		case c == 'i':
			f.i = true
		case c == 'm':
			f.m = true
		case c == 's':
			f.s = true
		case c == 'x':
			f.x = true
		case !strings.ContainsRune(spamFlags, c):
			return f, refuse(whySpamRule, "the flags "+s)
		}
	}
	return f, nil
}

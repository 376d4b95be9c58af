package spamassassin

// SpamAssassin's configuration: rules about bodies, headers and URIs of messages.

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

const whyLineBreak = "never matches in SpamAssassin, whose texts end in one line break"

// bodyLine is a paragraph of a body, headerLine a header.
var (
	bodyLine   = re2.LineEnd{Strips: `\n`, Breaks: true, Why: whyLineBreak}
	headerLine = re2.LineEnd{Strips: `[\s\v]`, Breaks: true, Why: whyLineBreak}
)

const (
	whyNotRule      = "not a rule in SpamAssassin's syntax"
	whyMeta         = "combines other rules (meta): trawl reports each by itself"
	whyEval         = "a test that SpamAssassin's own code makes (eval:)"
	whyNegated      = "finds messages without a match (!~)"
	whyOff          = "its score is 0: SpamAssassin does not run it"
	whyLater        = "a later rule has the name, and takes its place"
	whyTags         = "tags that the plugin ReplaceTags puts characters in for"
	whyMadeHeader   = "about a header that SpamAssassin makes itself"
	whyPartAnchored = "anchored in a part of a header (:addr, :name)"
	whyWholeHeader  = "finds more: of a header's part (:addr, :name, :first, :last) it looks at the whole header"
	whyAnchors      = "anchors in the middle of a regex about a header"
	whyMissing      = "finds less: a message without the header counts as if it had the value of [if-unset: …]"

	noteText        = "what SpamAssassin does to a message first (decoding, HTML, blanks and line breaks to one space) is for whoever sends the texts"
	noteConditional = "within if or ifplugin: taken as if the condition held"
)

// ruleSet holds the rules of all files until the last file has been read: later settings can
// replace rules or switch rules off.
type ruleSet struct {
	entries []*rule
	last    map[string]*rule
	scores  map[string]string
	about   map[string]string // descriptions of rules
	tagged  map[string]bool   // rules with tags of ReplaceTags
}

// rule is a rule as written.
type rule struct {
	file        string
	line        int
	key, name   string
	value       string
	conditional bool
}

// ruleKeys are the settings for rules.
var ruleKeys = []string{"body", "rawbody", "full", "uri", "header", "mimeheader", "meta"}

var Kind = job.Kind{
	Name: "spamassassin", What: "SpamAssassin's rules (local.cf)", Extensions: ".cf",
	Open: func() job.Reader {
		return &ruleSet{last: map[string]*rule{}, scores: map[string]string{}, about: map[string]string{}, tagged: map[string]bool{}}
	},
	WhyNotRule: whyNotRule,
}

// Read collects the rules of a file.
func (r *ruleSet) Read(j *job.Job, in *job.Input) {
	var conditions conditions
	j.Lines(in, func(number int, line []byte) bool {
		key, value := settingOf(string(line))
		switch {
		case key == "":
			j.PassedOver.Add("comments and blank lines")
		case conditions.take(key, value):
			j.PassedOver.Add("if, ifplugin, else and endif")
		case conditions.skipped():
			j.PassedOver.Add("settings within an if that does not hold")
		case key == "lang":
			j.PassedOver.Add("settings for one language (lang)")
		default:
			r.setting(j, in.Path, number, key, value, len(conditions) > 0)
		}
		return true
	})
}

var (
	comment  = ondemand.Regexp{Expr: `(^|[^\\])#.*`}
	ruleName = ondemand.Regexp{Expr: `^[A-Za-z_]\w*$`}
)

// settingOf splits a line into a setting and a value.
func settingOf(line string) (key, value string) {
	line = strings.ReplaceAll(comment.Get().ReplaceAllString(line, "$1"), `\#`, "#")
	key, value = cutBlank(strings.TrimSpace(line))
	return strings.ReplaceAll(strings.ToLower(key), "-", "_"), value
}

// cutBlank cuts s at the first blanks.
func cutBlank(s string) (before, after string) {
	i := strings.IndexAny(s, " \t\v\f")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\v\f")
}

// setting stores a setting.
func (r *ruleSet) setting(j *job.Job, file string, line int, key, value string, conditional bool) {
	name, rest := cutBlank(value)
	switch {
	case slices.Contains(ruleKeys, key):
		e := &rule{file, line, key, name, rest, conditional}
		r.entries = append(r.entries, e)
		r.last[name] = e
		return
	case key == "score":
		r.scores[name] = rest
	case key == "describe":
		r.about[name] = rest
	case key == "replace_rules":
		for _, name := range strings.Fields(value) {
			r.tagged[name] = true
		}
	case key == "include":
		j.PassedOver.Add("includes: name these files too")
		return
	}
	j.PassedOver.Add("other settings")
}

// Finish makes the rules.
func (r *ruleSet) Finish(j *job.Job) {
	for _, s := range r.entries {
		if j.Fatal {
			return
		}
		e := j.Begin(s.file, s.line, s.name, job.IDFrom(s.name))
		e.Base.Tags = []string{s.key}
		e.Base.Message = job.OneLine(r.about[s.name])
		e.AddData("score", r.scores[s.name])
		if s.conditional {
			e.Remark(noteConditional)
		}
		r.take(e, s)
		e.End()
	}
}

// take makes or skips a rule.
func (r *ruleSet) take(e *job.Entry, s *rule) {
	switch {
	case !ruleName.Get().MatchString(s.name) || s.value == "":
		e.Skip(whyNotRule, s.key+" "+s.name+" "+s.value)
	case r.last[s.name] != s:
		e.Skip(whyLater, "")
	case r.off(s.name):
		e.Skip(whyOff, "")
	case s.key == "meta":
		e.Skip(whyMeta, "")
	case strings.HasPrefix(s.value, "eval:"):
		e.Skip(whyEval, re2.UpTo(s.value, '('))
	case r.tagged[s.name]:
		e.Skip(whyTags, "")
	case s.key == "header" || s.key == "mimeheader":
		takeHeader(e, s.value)
	default:
		lines := bodyLine
		if s.key == "uri" {
			lines = re2.WholeLine
		}
		t, err := translate(s.value, lines)
		if err != nil {
			e.SkipFor(err)
			return
		}
		e.Remark(noteText)
		e.AddTranslation("", t, false)
	}
}

// off reports whether all scores of a rule are 0.
func (r *ruleSet) off(name string) bool {
	fields := strings.Fields(r.scores[name])
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(s string) bool {
		n, err := strconv.ParseFloat(strings.Trim(s, "()"), 64)
		return err != nil || n != 0
	})
}

var (
	headerTest = ondemand.Regexp{Expr: `^(\S+?)((?::\w+)*)\s*([=!])~\s*(.*)$`}
	ifUnset    = ondemand.Regexp{Expr: `\s+\[if-unset:\s*(.*)\]$`}
	existsTest = ondemand.Regexp{Expr: `^exists:(\S+)$`}
	headerName = ondemand.Regexp{Expr: `^[A-Za-z0-9_-]+$`}
)

// headerGroups are the names for several headers.
var headerGroups = ondemand.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"tocc":      "To|Cc",
		"messageid": "Message-Id|Resent-Message-Id|X-Message-Id",
	}
}}

// madeHeaders are pseudo-headers, absent from messages.
var madeHeaders = ondemand.Regexp{Expr: `^(?i:EnvelopeFrom|X-Spam-.*|Relay.*|ALL-(?:TRUSTED|INTERNAL|UNTRUSTED|EXTERNAL))$`}

// hasAnchor finds an anchor in a regex, approximately.
var hasAnchor = ondemand.Regexp{Expr: `(?:^|[^\\[])[$^]|\\[Az]`}

// takeHeader makes a rule of a test of a header. The text is the line of the header.
func takeHeader(e *job.Entry, value string) {
	if m := existsTest.Get().FindStringSubmatch(value); m != nil && headerName.Get().MatchString(m[1]) {
		e.Remark(noteText)
		e.AddRegex("", "^(?i:"+m[1]+"):", false)
		return
	}
	unset := ifUnset.Get().FindStringSubmatch(value)
	value = ifUnset.Get().ReplaceAllString(value, "")
	m := headerTest.Get().FindStringSubmatch(value)
	if m == nil {
		e.Skip(whyNotRule, value)
		return
	}
	name, parts := m[1], strings.ToLower(m[2])
	switch {
	case m[3] == "!":
		e.Skip(whyNegated, "")
		return
	case madeHeaders.Get().MatchString(name):
		e.Skip(whyMadeHeader, name)
		return
	case !headerName.Get().MatchString(name):
		e.Skip(whyNotRule, value)
		return
	}
	part, lines := strings.ReplaceAll(parts, ":raw", ""), headerLine
	if part != parts {
		lines = bodyLine // unchanged
	}
	t, err := translate(m[4], lines)
	if err != nil {
		e.SkipFor(err)
		return
	}
	if part != "" {
		if hasAnchor.Get().MatchString(t.Expr) && part != ":first" && part != ":last" {
			e.Skip(whyPartAnchored, name+parts)
			return
		}
		e.TakeInPart(whyWholeHeader, name+parts)
	}
	if unset != nil {
		e.TakeInPart(whyMissing, unset[1])
	}
	if strings.EqualFold(name, "ALL") { // the lines of all headers
		e.Remark(noteText)
		e.AddTranslation("", t, false)
		return
	}
	line := "^(?i:" + cmp.Or(headerGroups.Get()[strings.ToLower(name)], name) + "):"
	if t, err = valueOf(line, t, part != parts); err != nil {
		e.SkipFor(err)
		return
	}
	e.Remark(noteText)
	e.AddTranslation("", t, false)
}

// valueOf returns a regex for line, the beginning of a header, and a value that matches t. The
// match may begin anywhere in the value. Only a raw value includes leading blanks.
func valueOf(line string, t re2.Translation, raw bool) (re2.Translation, error) {
	s, ok := shape.Parse(t.Expr)
	if !ok {
		return t, re2.Refuse(whyAnchors, t.Expr)
	}
	blanks, _ := shape.SetOf(`[\s\v]`, "")
	v := valueFitter{ok: true, raw: raw, blanks: blanks}
	s = v.value(s)
	switch {
	case !v.ok:
		return t, re2.Refuse(whyAnchors, t.Expr)
	case s == nil:
		return t, re2.Refuse("never matches: the value of a header begins with no blank", t.Expr)
	case raw:
		t.Expr = line + shape.Concat(s).String()
	default:
		t.Expr = line + `[ \t]*` + shape.Concat(s).String()
	}
	return t, nil
}

type valueFitter struct {
	ok     bool // every ^ is at the beginning
	raw    bool
	blanks shape.Set
}

var (
	anyText, _  = shape.Parse(`.*?`)
	notBlank, _ = shape.Parse(`[^\s\v]`)
)

// value adapts s to the value of a header.
func (v *valueFitter) value(s *shape.Node) *shape.Node {
	switch s.Op {
	case shape.Group:
		return s.GroupOf(v.value(s.Subs[0]))
	case shape.Alt:
		return s.Each(v.value)
	case shape.Cat:
		if len(s.Subs) == 1 && s.Subs[0].Op == shape.Group {
			return v.value(s.Subs[0])
		}
	}
	s = shape.Concat(s)
	anchored := len(s.Subs) > 0 && s.Subs[0].Op == shape.Assert && s.Subs[0].Text == "^"
	if anchored {
		s = shape.Concat(s.Subs[1:]...)
	}
	s.Asserted(func(text string) *shape.Node {
		v.ok = v.ok && text != "^" && text != `\A`
		return s
	})
	set, open := s.EdgeSet(false)
	blank := !v.raw && (open || len(set.And(v.blanks)) > 0)
	switch {
	case !blank && anchored:
		return s
	case !blank:
		return shape.Concat(anyText, s)
	}
	begins := shape.Alternate(s.Firsts(shape.Within(v.blanks.Not())), s.Empty())
	if anchored {
		return begins
	}
	return shape.Alternate(begins, shape.Concat(notBlank, anyText, s))
}

// ignoredFlags are flags of Perl without effect here: flags for the set of letters, and for groups
// without numbers.
const ignoredFlags = "aulnp"

// translate translates a regex with delimiters and flags.
func translate(s string, lines re2.LineEnd) (re2.Translation, error) {
	end, src := "/", s
	switch {
	case strings.HasPrefix(s, "/"):
		s = s[1:]
	case strings.HasPrefix(s, "m") || strings.HasPrefix(s, "qr"):
		s = strings.TrimPrefix(strings.TrimPrefix(s, "m"), "qr")
		if s == "" || re2.IsWordByte(s[0]) || s[0] == '\\' || s[0] >= 0x80 {
			return re2.Translation{}, re2.Refuse(whyNotRule, src)
		}
		end = string(s[0])
		if i := strings.IndexByte("{(<[", s[0]); i >= 0 {
			end = "})>]"[i : i+1]
		}
		s = s[1:]
	default:
		return re2.Translation{}, re2.Refuse(whyNotRule, s)
	}
	last := strings.LastIndex(s, end)
	if last < 0 {
		return re2.Translation{}, re2.Refuse(whyNotRule, "the regex has no end (a # that has no backslash begins a comment): "+src)
	}
	flags, err := flagsOf(s[last+1:])
	if err != nil {
		return re2.Translation{}, err
	}
	t, err := re2.Perl(s[:last], re2.SpamAssassin, flags)
	if err != nil {
		return t, err
	}
	return lines.Apply(t)
}

func flagsOf(s string) (f re2.Flags, err error) {
	for _, c := range s {
		switch {
		case c == 'i':
			f.IgnoreCase = true
		case c == 'm':
			f.MultiLine = true
		case c == 's':
			f.DotAll = true
		case c == 'x':
			f.Extended = true
		case !strings.ContainsRune(ignoredFlags, c):
			return f, re2.Refuse(whyNotRule, "the flags "+s)
		}
	}
	return f, nil
}

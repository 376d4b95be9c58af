package fail2ban

// Dates, which fail2ban cuts out of a line before applying a regex.

import (
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

// dateDirectives maps strptime's directives to regexes, as in fail2ban.
var dateDirectives = ondemand.Value[map[byte]string]{Make: func() map[byte]string {
	return map[byte]string{
		'Y': `20\d\d`, 'y': `\d\d`, 'm': `(?:0?[1-9]|1[0-2])`, 'd': `(?:[12]\d|[0 ]?[1-9]|3[01])`,
		'H': `(?:[01]?\d|2[0-3])`, 'k': ` ?[0-2]?\d`, 'I': `(?:1[0-2]|0?[1-9])`, 'l': ` ?1?\d`, 'M': `[0-5]?\d`, 'S': `(?:[0-5]?\d|6[01])`, 'f': `\d{1,6}`,
		'a': `(?i:mon|tue|wed|thu|fri|sat|sun)`, 'A': `(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day)`,
		'b': `(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`,
		'B': `(?i:january|february|march|april|may|june|july|august|september|october|november|december)`,
		'p': `(?i:[ap]m)`, 'Z': `(?i:Z|[A-Z]{3,5})`, 'z': `(?:Z|UTC|GMT|[+-][01]\d(?::?\d\d)?)`,
		'j': `\d{1,3}`, 'U': `\d\d?`, 'W': `\d\d?`, 'w': `[0-6]`,
	}
}}

// The dates recognized without a datepattern: the shapes of DEFAULT_TEMPLATES in fail2ban's
// datedetector.py. Similar shapes are joined, and numbers are not checked for their ranges. A time
// zone before a date is recognized only at the beginning of a line.
const (
	dateMonth = `(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`
	dateClock = `\d\d?:\d\d?:\d\d?(?:[.,]\d+)?`
	dateZone  = `(?:\s*(?:Z|UTC|GMT|[+-][01]\d(?::?\d\d)?))?`
	dateNamed = dateMonth + ` [ \d]?\d(?:,? 20\d\d)?  ?` + dateClock + `(?: 20\d\d| [ap]m)?`
	dateDash  = `[-/](?:\d\d?|[a-zA-Z]{3})[-/](?:20)?\d\d[ :]? ?` + dateClock + dateZone // 31/Oct/2006:09:22:55 -0000
	dateOther = `20\d\d[-/.]\d\d?[-/.]\d\d?(?:T|  ?)` + dateClock + dateZone +           // 2005-01-23T21:59:59.981+01:00
		`|\d\d` + dateDash +
		`|\d{6}  ?\d\d?:\d\d?:\d\d?` + // 130322 11:46:11
		`|20\d{6}(?:T|  ?)\d{6}(?:[.,]\d+)?` + dateZone // 20050123T215959
	dateEpoch = `\d{10,11}(?:\.\d{3,6})?`
	dateTAI64 = `@[0-9a-f]{24}`

	dateAnywhere = `(?:(?i:(?:[a-z]{3} )?` + dateNamed + `)|` + dateOther + `)`
	dateBegins   = `(?i:(?:(?:[a-z]{3,5}|[+-]\d\d(?::?\d\d)?) )?(?:[a-z]{3} )?` + dateNamed + `)|` + dateOther + `|[ \d]?\d` + dateDash + `|\d\d?:\d\d?:\d\d?|` + dateEpoch
)

// cutDates holds regexes for dates, by the text before the date. An empty regex stands for no date.
type cutDates struct {
	begin  string // the beginning of the line
	signed string // up to two signs at the beginning of the line
	sign   string // any sign elsewhere
	blank  string // a blank outside of the date; 1/5/2024 would include the blank
	audit  bool   // seconds since 1970 are cut out behind audit(
}

// usualDates are cut out by filters without a datepattern.
var usualDates = cutDates{
	begin: `(?:(?:` + dateBegins + `|(?i:` + dateMonth + `-\d\d?-\d\d  ?` + dateClock + `))\b|` + dateTAI64 + `\b|<\d\d?/\d\d?/\d\d@\d\d?:\d\d?:\d\d?>)`,
	// A line can begin with a date in the first column.
	signed: `(?:(?:` + dateBegins + `)\b|` + dateTAI64 + `\b)`,
	sign:   `(?:\b(?:` + dateAnywhere + `|\d` + dateDash + `)\b|` + dateTAI64 + `\b)`,
	blank:  `(?:\b` + dateAnywhere + `\b|` + dateTAI64 + `\b)`,
	audit:  true,
}

// readDatePatterns reads the datepattern of a filter, one pattern per line. others reports whether
// some pattern is not understood.
func readDatePatterns(patterns string) (dates cutDates, others bool) {
	var begin, signed, anywhere []string
	usual, within, none := false, false, false
	for line := range strings.Lines(patterns) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		date, ok := readDatePattern(line)
		anchor := patternBegin.Get().FindString(line)
		switch epoch := strings.Contains(strings.ToUpper(line), "EPOCH"); {
		case strings.EqualFold(line, "{NONE}"):
			none = true
		case !ok:
			others = true
		case date == "":
			usual = true
			within = within || anchor == "" || patternInBracket.Get().MatchString(line)
		default:
			begin = append(begin, date)
			if strings.HasPrefix(anchor, "{^LN-BEG}") || anchor == "" && !epoch {
				signed = append(signed, date)
			}
			if anchor == "" && !epoch {
				anywhere = append(anywhere, date)
			}
			dates.audit = dates.audit || epoch && anchor == ""
		}
	}
	if len(begin) == 0 && !usual && none && !others {
		return cutDates{}, false
	}
	sign, blank := anywhere, slices.Clone(anywhere)
	if usual || len(begin) == 0 {
		begin, signed = append(begin, usualDates.begin), append(signed, usualDates.signed)
		if within || !usual {
			sign, blank = append(sign, usualDates.sign), append(blank, usualDates.blank)
			dates.audit = true
		}
	}
	dates.begin, dates.signed, dates.sign, dates.blank = anyOf(begin), anyOf(signed), anyOf(sign), anyOf(blank)
	return dates, others
}

// anyOf joins the regexes of list that are not empty as alternatives.
func anyOf(list []string) string {
	list = slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	}
	return "(?:" + strings.Join(list, "|") + ")"
}

var (
	patternBegin     = ondemand.Regexp{Expr: `^(?:\{\^LN-BEG\}|\{UNB\}\^|\^)+`}
	patternUnbound   = ondemand.Regexp{Expr: `^\{UNB\}`}
	patternDirective = ondemand.Regexp{Expr: `%(?:Ex)?[a-zA-Z]`}
	patternSeparator = ondemand.Regexp{Expr: `\(\?P<_sep>([^)]*)\)`}
	patternInBracket = ondemand.Regexp{Expr: `^\^?\[\^\\\[\]\*\\\[\(\{DATE\}\)$`} // ^[^\[]*\[({DATE})
)

// readDatePattern returns a datepattern as a regex, empty for the usual dates. Of a pattern with
// groups, fail2ban cuts only a group out of the line. Only ^[^\[]*\[({DATE}) is understood, a pattern
// that leaves [] behind; readDatePattern returns false for all further patterns with groups.
func readDatePattern(pattern string) (string, bool) {
	if patternInBracket.Get().MatchString(pattern) {
		return "", true
	}
	s := patternUnbound.Get().ReplaceAllString(patternBegin.Get().ReplaceAllString(pattern, ""), "")
	switch strings.ToUpper(s) {
	case "", "{DATE}", "{DEFAULT}":
		return "", true
	case "EPOCH", "LEPOCH":
		return `(?:\d{10,11}(?:\d{3}(?:\d{3})?)?(?:\.\d{1,6})?\b)`, true
	case "TAI64N":
		return "(?:" + dateTAI64 + `\b)`, true
	}
	if sep := patternSeparator.Get().FindStringSubmatch(s); sep != nil {
		s = strings.ReplaceAll(strings.Replace(s, sep[0], sep[1], 1), "(?P=_sep)", sep[1])
	}
	if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(s, `\(`, ""), "(?", ""), "(") {
		return "", false
	}
	// Directives are replaced by private-use characters first, and by regexes after the translation,
	// which would turn \d into the digits of all scripts.
	const first = '\ue000' // one character for each directive
	shapes := []string{dateAnywhere}
	s = strings.ReplaceAll(s, "{DATE}", string(first))
	known := true
	s = patternDirective.Get().ReplaceAllStringFunc(s, func(d string) string {
		directive, ok := dateDirectives.Get()[d[len(d)-1]]
		known = known && ok
		shapes = append(shapes, directive)
		return string(first + rune(len(shapes)-1))
	})
	t, err := re2.Perl(s, re2.Python, re2.Flags{})
	if !known || err != nil || strings.Contains(s, "%") {
		return "", false
	}
	for i, expr := range shapes {
		t.Expr = strings.ReplaceAll(t.Expr, shape.QuoteRune(first+rune(i), ""), expr)
	}
	return "(?:" + t.Expr + ")", true
}

// maxDates bounds the number of places in the middle of a regex at which a date is allowed for.
const maxDates = 8

// withDates allows for a date at each ^ of expr, and at each place in the middle from which a date
// can have been cut out. It returns false if there are more than maxDates such places.
func withDates(expr string, dates cutDates) (string, bool) {
	s, ok := shape.Parse(expr)
	if !ok {
		return expr, false
	}
	d := dateWriter{cutDates: dates}
	s = d.rewrite(s, true, false)
	return s.String(), d.count <= maxDates
}

type dateWriter struct {
	cutDates
	count int // places in the middle
}

// rewrite puts dates into s. head says that s begins the regex. Blanks in an optional part are no
// sign of a date.
func (d *dateWriter) rewrite(s *shape.Node, head, optional bool) *shape.Node {
	switch s.Op {
	case shape.Cat:
		c := &shape.Node{Op: shape.Cat}
		for i, sub := range s.Subs {
			if date := d.at(s.Subs, i, head, optional); date != "" {
				c.Subs = append(c.Subs, verbatim(date))
			} else {
				c.Subs = append(c.Subs, d.rewrite(sub, head, optional))
			}
			head = head && (sub.Op == shape.Assert || isBlanks(sub) && sub.Low == 0)
		}
		return c
	case shape.Repeat:
		if s.High != 1 {
			return s
		}
		optional = optional || s.Low == 0
	}
	return s.Each(func(sub *shape.Node) *shape.Node { return d.rewrite(sub, head, optional) })
}

// verbatim returns expr as a node.
func verbatim(expr string) *shape.Node { return &shape.Node{Op: shape.Assert, Text: expr} }

// at returns the replacement of subs[i] if a date may have been cut out behind subs[i], and an
// empty string if not. begins says that subs[i] begins the regex.
func (d *dateWriter) at(subs []*shape.Node, i int, begins, optional bool) string {
	sub := subs[i]
	switch {
	case sub.Op == shape.Assert && sub.Text == "^" && d.begin != "":
		s := "^(?:" + d.begin + ")?"
		if strings.HasPrefix(d.begin, "(?:") {
			s = "^" + d.begin + "?"
		}
		if d.signed != "" && i+1 < len(subs) && isBlanks(subs[i+1]) && subs[i+1].Low == 0 {
			s = "^(?:" + d.begin + `|\s{1,2}` + d.signed + ")?"
		}
		return s
	case isBlanks(sub):
		if begins || optional {
			return ""
		}
		return d.middleOf(sub.String(), d.blank, sub.Subs[0].Text+"*")
	}
	a, ok := charOf(sub)
	if !ok || a >= utf8.RuneSelf || re2.IsWordByte(byte(a)) {
		return ""
	}
	date := d.sign
	if a == ' ' {
		date = d.blank
	}
	if endsLine(subs[i+1:]) {
		return d.middleOf(sub.Text, date, "")
	}
	if i+1 == len(subs) {
		return ""
	}
	b, ok := charOf(subs[i+1])
	if !ok || !leavesGap(a, b) {
		return ""
	}
	if begins { // subs[i] still begins the line
		date = d.signed
	}
	if d.audit && (a == '(' && b == ':' || begins && a == '[') {
		date = anyOf([]string{"(?:" + dateEpoch + ")", date})
	}
	return d.middleOf(sub.Text, date, "")
}

// middleOf returns before, followed by an optional date and after.
func (d *dateWriter) middleOf(before, date, after string) string {
	if date == "" {
		return ""
	}
	if d.count++; d.count > maxDates {
		return ""
	}
	return before + "(?:" + date + after + ")?"
}

// endsLine reports whether subs are the end of a line, possibly after characters that fail2ban
// strips.
func endsLine(subs []*shape.Node) bool {
	if len(subs) > 1 && subs[0].Op == shape.Repeat && subs[0].Subs[0].Text == filterLine.Strips {
		subs = subs[1:]
	}
	return len(subs) > 0 && subs[0].Op == shape.Assert && subs[0].Text == "$"
}

// leavesGap reports whether a beside b suggests a cut: empty quotes or brackets, a doubled sign, a
// name without a value.
func leavesGap(a, b rune) bool {
	switch a {
	case '[', '(', '{', '<':
		return strings.ContainsRune("])}>:,; ", b)
	case ' ':
		return strings.ContainsRune(" ])}>", b)
	case '@', '|':
		return b == ' ' || b == a
	case '=':
		return strings.ContainsRune(" ,;&|\t", b)
	case ':':
		return strings.ContainsRune(",;}", b)
	case '"', '\'':
		return b == a || b == '\\'
	}
	return a == b
}

// isBlanks reports whether s is a repetition of blanks.
func isBlanks(s *shape.Node) bool {
	return s.Op == shape.Repeat && s.High != 1 && s.Subs[0].Op == shape.Atom && s.Subs[0].Set.Has(' ') && !s.Subs[0].Set.Has('a') && !s.Subs[0].Set.Has('-')
}

// charOf returns the character of an atom with exactly one.
func charOf(s *shape.Node) (rune, bool) {
	if s.Op != shape.Atom || len(s.Set) != 2 || s.Set[0] != s.Set[1] {
		return 0, false
	}
	return s.Set[0], true
}

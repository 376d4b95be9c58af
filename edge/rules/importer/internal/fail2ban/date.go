package fail2ban

// Dates: fail2ban cuts the date out of a line before it applies its regexes.

import (
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/re2"
	"trawl/edge/rules/importer/internal/shape"
)

// dateDirectives are the shapes of strptime's directives, as fail2ban has them.
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

// The dates that fail2ban finds by itself: the shapes of DEFAULT_TEMPLATES in its
// datedetector.py, those alike together, and without a look at which numbers there
// are. A time zone in front of a date stands at the beginning of a line.
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

// cutDates is what may be cut out, by what comes before it. Each is an expression;
// empty: nothing.
type cutDates struct {
	begin  string // nothing: the line begins
	signed string // up to two signs at the beginning of the line
	sign   string // another sign
	blank  string // a blank; of 1/5/2024 it would be a part
	audit  bool   // audit( for seconds since 1970
}

// usualDates are cut out by filters without a datepattern.
var usualDates = cutDates{
	begin: `(?:(?:` + dateBegins + `|(?i:` + dateMonth + `-\d\d?-\d\d  ?` + dateClock + `))\b|` + dateTAI64 + `\b|<\d\d?/\d\d?/\d\d@\d\d?:\d\d?:\d\d?>)`,
	// A date in its first column is what a line begins with.
	signed: `(?:(?:` + dateBegins + `)\b|` + dateTAI64 + `\b)`,
	sign:   `(?:\b(?:` + dateAnywhere + `|\d` + dateDash + `)\b|` + dateTAI64 + `\b)`,
	blank:  `(?:\b` + dateAnywhere + `\b|` + dateTAI64 + `\b)`,
	audit:  true,
}

// readDatePatterns is what a filter's own datepattern, one per line, cuts out; others
// reports that some line is not understood.
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

// anyOf is any of the expressions that are not empty.
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

// readDatePattern is a datepattern as a regex; empty for the usual dates. A date that
// is only a group of the pattern is cut out of the middle of a line: that is
// understood only where it leaves [] behind.
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
	// What stands for numbers and names is put in after the translation: there \d is
	// a digit of any script.
	const first = '\ue000' // of characters for private use: one for each
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

// maxDates bounds at how many places in the middle of a regex a date may stand.
const maxDates = 8

// withDates allows for a date where the regex shows that one has been cut out: at
// each ^, and at places in the middle that look so. False if these are too many.
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
	count int // of places in the middle
}

// rewrite puts dates into s, which is the head of the regex or not. In an optional
// part blanks are no sign of a date.
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

// verbatim is an expression as a part of another one.
func verbatim(expr string) *shape.Node { return &shape.Node{Op: shape.Assert, Text: expr} }

// at is what stands in place of subs[i] if a date may have been cut out behind it;
// empty if it does not look so. begins: nothing comes before it.
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
	if begins { // the line still does
		date = d.signed
	}
	if d.audit && (a == '(' && b == ':' || begins && a == '[') {
		date = anyOf([]string{"(?:" + dateEpoch + ")", date})
	}
	return d.middleOf(sub.Text, date, "")
}

// middleOf is before with an optional date and after behind it.
func (d *dateWriter) middleOf(before, date, after string) string {
	if date == "" {
		return ""
	}
	if d.count++; d.count > maxDates {
		return ""
	}
	return before + "(?:" + date + after + ")?"
}

// endsLine says whether nothing but the end of a line is left, or what is stripped
// off it.
func endsLine(subs []*shape.Node) bool {
	if len(subs) > 1 && subs[0].Op == shape.Repeat && subs[0].Subs[0].Text == filterLine.Strips {
		subs = subs[1:]
	}
	return len(subs) > 0 && subs[0].Op == shape.Assert && subs[0].Text == "$"
}

// leavesGap says whether a and b beside each other are what is left around something
// that has been cut out: empty quotes and brackets, a sign twice, a name without value.
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

// isBlanks says whether s is any number of blanks.
func isBlanks(s *shape.Node) bool {
	return s.Op == shape.Repeat && s.High != 1 && s.Subs[0].Op == shape.Atom && s.Subs[0].Set.Has(' ') && !s.Subs[0].Set.Has('a') && !s.Subs[0].Set.Has('-')
}

// charOf is the only character of an atom.
func charOf(s *shape.Node) (rune, bool) {
	if s.Op != shape.Atom || len(s.Set) != 2 || s.Set[0] != s.Set[1] {
		return 0, false
	}
	return s.Set[0], true
}

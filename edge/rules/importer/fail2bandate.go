// Dates: fail2ban cuts the date out of a line before it applies its regexes.

package importer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"trawl/edge/ondemand"
)

// f2bDirectives are the shapes of strptime's directives, as fail2ban has them.
var f2bDirectives = ondemand.Value[map[byte]string]{Make: func() map[byte]string {
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
	f2bMonth = `(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`
	f2bTime  = `\d\d?:\d\d?:\d\d?(?:[.,]\d+)?`
	f2bZone  = `(?:\s*(?:Z|UTC|GMT|[+-][01]\d(?::?\d\d)?))?`
	f2bNamed = f2bMonth + ` [ \d]?\d(?:,? 20\d\d)?  ?` + f2bTime + `(?: 20\d\d| [ap]m)?`
	f2bDash  = `[-/](?:\d\d?|[a-zA-Z]{3})[-/](?:20)?\d\d[ :]? ?` + f2bTime + f2bZone // 31/Oct/2006:09:22:55 -0000
	f2bOther = `20\d\d[-/.]\d\d?[-/.]\d\d?(?:T|  ?)` + f2bTime + f2bZone +           // 2005-01-23T21:59:59.981+01:00
		`|\d\d` + f2bDash +
		`|\d{6}  ?\d\d?:\d\d?:\d\d?` + // 130322 11:46:11
		`|20\d{6}(?:T|  ?)\d{6}(?:[.,]\d+)?` + f2bZone // 20050123T215959
	f2bEpoch = `\d{10,11}(?:\.\d{3,6})?`
	f2bTAI64 = `@[0-9a-f]{24}`

	f2bAnywhere = `(?:(?i:(?:[a-z]{3} )?` + f2bNamed + `)|` + f2bOther + `)`
	f2bBegins   = `(?i:(?:(?:[a-z]{3,5}|[+-]\d\d(?::?\d\d)?) )?(?:[a-z]{3} )?` + f2bNamed + `)|` + f2bOther + `|[ \d]?\d` + f2bDash + `|\d\d?:\d\d?:\d\d?|` + f2bEpoch
)

// f2bDates is what may be cut out, by what comes before it. Each is an expression;
// empty: nothing.
type f2bDates struct {
	begin  string // nothing: the line begins
	signed string // up to two signs at the beginning of the line
	sign   string // another sign
	blank  string // a blank; of 1/5/2024 it would be a part
	audit  bool   // audit( for seconds since 1970
}

// usualDates are cut out by filters without a datepattern.
var usualDates = f2bDates{
	begin: `(?:(?:` + f2bBegins + `|(?i:` + f2bMonth + `-\d\d?-\d\d  ?` + f2bTime + `))\b|` + f2bTAI64 + `\b|<\d\d?/\d\d?/\d\d@\d\d?:\d\d?:\d\d?>)`,
	// A date in its first column is what a line begins with.
	signed: `(?:(?:` + f2bBegins + `)\b|` + f2bTAI64 + `\b)`,
	sign:   `(?:\b(?:` + f2bAnywhere + `|\d` + f2bDash + `)\b|` + f2bTAI64 + `\b)`,
	blank:  `(?:\b` + f2bAnywhere + `\b|` + f2bTAI64 + `\b)`,
	audit:  true,
}

// f2bOwnDates is what a filter's own datepattern, one per line, cuts out; others
// reports that some line is not understood.
func f2bOwnDates(patterns string) (dates f2bDates, others bool) {
	var begin, signed, anywhere []string
	usual, within, none := false, false, false
	for line := range strings.Lines(patterns) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		date, ok := f2bOwnDate(line)
		anchor := f2bBegin.Get().FindString(line)
		switch epoch := strings.Contains(strings.ToUpper(line), "EPOCH"); {
		case strings.EqualFold(line, "{NONE}"):
			none = true
		case !ok:
			others = true
		case date == "":
			usual = true
			within = within || anchor == "" || f2bInBracket.Get().MatchString(line)
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
		return f2bDates{}, false
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
	f2bBegin     = ondemand.Regexp{Expr: `^(?:\{\^LN-BEG\}|\{UNB\}\^|\^)+`}
	f2bUnbound   = ondemand.Regexp{Expr: `^\{UNB\}`}
	f2bDirective = ondemand.Regexp{Expr: `%(?:Ex)?[a-zA-Z]`}
	f2bSeparator = ondemand.Regexp{Expr: `\(\?P<_sep>([^)]*)\)`}
	f2bInBracket = ondemand.Regexp{Expr: `^\^?\[\^\\\[\]\*\\\[\(\{DATE\}\)$`} // ^[^\[]*\[({DATE})
)

// f2bOwnDate is a datepattern as a regex; empty for the usual dates. A date that
// is only a group of the pattern is cut out of the middle of a line: that is
// understood only where it leaves [] behind.
func f2bOwnDate(pattern string) (string, bool) {
	if f2bInBracket.Get().MatchString(pattern) {
		return "", true
	}
	s := f2bUnbound.Get().ReplaceAllString(f2bBegin.Get().ReplaceAllString(pattern, ""), "")
	switch strings.ToUpper(s) {
	case "", "{DATE}", "{DEFAULT}":
		return "", true
	case "EPOCH", "LEPOCH":
		return `(?:\d{10,11}(?:\d{3}(?:\d{3})?)?(?:\.\d{1,6})?\b)`, true
	case "TAI64N":
		return "(?:" + f2bTAI64 + `\b)`, true
	}
	if sep := f2bSeparator.Get().FindStringSubmatch(s); sep != nil {
		s = strings.ReplaceAll(strings.Replace(s, sep[0], sep[1], 1), "(?P=_sep)", sep[1])
	}
	if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(s, `\(`, ""), "(?", ""), "(") {
		return "", false
	}
	// What stands for numbers and names is put in after the translation: there \d is
	// a digit of any script.
	const first = '\ue000' // of characters for private use: one for each
	shapes := []string{f2bAnywhere}
	s = strings.ReplaceAll(s, "{DATE}", string(first))
	known := true
	s = f2bDirective.Get().ReplaceAllStringFunc(s, func(d string) string {
		shape, ok := f2bDirectives.Get()[d[len(d)-1]]
		known = known && ok
		shapes = append(shapes, shape)
		return string(first + rune(len(shapes)-1))
	})
	t, err := translatePerl(s, pythonDialect, perlFlags{})
	if !known || err != nil || strings.Contains(s, "%") {
		return "", false
	}
	for i, shape := range shapes {
		t.expr = strings.ReplaceAll(t.expr, quoteRune(first+rune(i), ""), shape)
	}
	return "(?:" + t.expr + ")", true
}

// maxDates bounds at how many places in the middle of a regex a date may stand.
const maxDates = 8

// withDates allows for a date where the regex shows that one has been cut out: at
// each ^, and at places in the middle that look so. False if these are too many.
func withDates(expr string, dates f2bDates) (string, bool) {
	s, ok := parseShape(expr)
	if !ok {
		return expr, false
	}
	d := dateWriter{f2bDates: dates}
	s = d.rewrite(s, true, false)
	return s.String(), d.count <= maxDates
}

type dateWriter struct {
	f2bDates
	count int // of places in the middle
}

// rewrite puts dates into s, which is the head of the regex or not. In an optional
// part blanks are no sign of a date.
func (d *dateWriter) rewrite(s *shape, head, optional bool) *shape {
	switch s.op {
	case shapeCat:
		c := &shape{op: shapeCat}
		for i, sub := range s.subs {
			if date := d.at(s.subs, i, head, optional); date != "" {
				c.subs = append(c.subs, verbatim(date))
			} else {
				c.subs = append(c.subs, d.rewrite(sub, head, optional))
			}
			head = head && (sub.op == shapeAssert || sub.isBlanks() && sub.low == 0)
		}
		return c
	case shapeRepeat:
		if s.high != 1 {
			return s
		}
		optional = optional || s.low == 0
	}
	return s.each(func(sub *shape) *shape { return d.rewrite(sub, head, optional) })
}

// verbatim is an expression as a part of another one.
func verbatim(expr string) *shape { return &shape{op: shapeAssert, text: expr} }

// at is what stands in place of subs[i] if a date may have been cut out behind it;
// empty if it does not look so. begins: nothing comes before it.
func (d *dateWriter) at(subs []*shape, i int, begins, optional bool) string {
	sub := subs[i]
	switch {
	case sub.op == shapeAssert && sub.text == "^" && d.begin != "":
		s := "^(?:" + d.begin + ")?"
		if strings.HasPrefix(d.begin, "(?:") {
			s = "^" + d.begin + "?"
		}
		if d.signed != "" && i+1 < len(subs) && subs[i+1].isBlanks() && subs[i+1].low == 0 {
			s = "^(?:" + d.begin + `|\s{1,2}` + d.signed + ")?"
		}
		return s
	case sub.isBlanks():
		if begins || optional {
			return ""
		}
		return d.middleOf(sub.String(), d.blank, sub.subs[0].text+"*")
	}
	a, ok := sub.char()
	if !ok || a >= utf8.RuneSelf || isWordByte(byte(a)) {
		return ""
	}
	date := d.sign
	if a == ' ' {
		date = d.blank
	}
	if endsLine(subs[i+1:]) {
		return d.middleOf(sub.text, date, "")
	}
	if i+1 == len(subs) {
		return ""
	}
	b, ok := subs[i+1].char()
	if !ok || !leavesGap(a, b) {
		return ""
	}
	if begins { // the line still does
		date = d.signed
	}
	if d.audit && (a == '(' && b == ':' || begins && a == '[') {
		date = anyOf([]string{"(?:" + f2bEpoch + ")", date})
	}
	return d.middleOf(sub.text, date, "")
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
func endsLine(subs []*shape) bool {
	if len(subs) > 1 && subs[0].op == shapeRepeat && subs[0].subs[0].text == fail2banLine.strips {
		subs = subs[1:]
	}
	return len(subs) > 0 && subs[0].op == shapeAssert && subs[0].text == "$"
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
func (s *shape) isBlanks() bool {
	return s.op == shapeRepeat && s.high != 1 && s.subs[0].op == shapeAtom && s.subs[0].set.has(' ') && !s.subs[0].set.has('a') && !s.subs[0].set.has('-')
}

// char is the only character of an atom.
func (s *shape) char() (rune, bool) {
	if s.op != shapeAtom || len(s.set) != 2 || s.set[0] != s.set[1] {
		return 0, false
	}
	return s.set[0], true
}

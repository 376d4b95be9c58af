// Dates: fail2ban cuts the date out of a line before it applies its regexes.

package importer

import (
	"regexp"
	"slices"
	"strings"
)

// f2bDate are the dates that fail2ban finds by itself, as one regex. It knows
// their shapes, not which numbers are possible.
const f2bDate = `(?:` +
	// Jan 23 21:59:59, also with weekday, year, zone in front and AM or PM
	`(?:[A-Z+][\w:]{2,5} ){0,2}?[A-Z][a-z]{2} [ \d]?\d,?(?: \d{4})? {1,2}\d?\d:\d\d:\d\d(?:\.\d+)?(?: [AP]M)?(?: \d{4})?` +
	// 2005-01-23T21:59:59.981+01:00, 31/Oct/2006:09:22:55 -0000, 20050123 215959, Apr-27-13 02:33:06
	`|<?\w{2,4}[-/.]?\w{2,3}[-/.]?\d{2,4}[T:@ ] ?\d\d?:?\d\d:?\d\d(?:[.,]\d+)?>?(?:\s*(?:Z|UTC|GMT|[+-][01]\d(?::?\d\d)?))?` +
	// 21:59:59, seconds since 1970, TAI64N
	`|\d\d:\d\d:\d\d|\d{10,11}(?:\.\d{3,6})?|@[0-9a-f]{24}` +
	`)`

// f2bDates is what may stand at ^ with a filter's own datepattern, one per
// line; others reports that some line is not understood.
func f2bDates(patterns string) (at string, others bool) {
	var list []string
	for line := range strings.Lines(patterns) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		date, ok := f2bOwnDate(line)
		switch {
		case !ok:
			others = true
		case date == "":
			date = f2bDate
			fallthrough
		default:
			if !slices.Contains(list, date) {
				list = append(list, date)
			}
		}
	}
	switch len(list) {
	case 0:
		return f2bDate, others
	case 1:
		return list[0], others
	}
	return "(?:" + strings.Join(list, "|") + ")", others
}

var (
	f2bBegin     = regexp.MustCompile(`^(?:\{\^LN-BEG\}|\{UNB\}|\^)+`)
	f2bDirective = regexp.MustCompile(`%(?:Ex)?[a-zA-Z]`)
	f2bSeparator = regexp.MustCompile(`\(\?P<_sep>([^)]*)\)`)
	f2bInBracket = regexp.MustCompile(`^\^?\[\^\\\[\]\*\\\[\(\{DATE\}\)$`) // ^[^\[]*\[({DATE})
)

// f2bDirectives are the shapes of strptime's directives.
var f2bDirectives = map[byte]string{
	'Y': `\d{4}`, 'y': `\d\d`, 'm': `\d\d?`, 'd': `[ \d]?\d`, 'H': `\d\d?`, 'k': ` ?\d\d?`, 'I': `\d\d?`, 'l': ` ?\d\d?`,
	'M': `\d\d?`, 'S': `\d\d?`, 'f': `\d+`, 'a': `[A-Z][a-z]{2}`, 'b': `[A-Z][a-z]{2}`, 'B': `[A-Z][a-z]+`, 'A': `[A-Z][a-z]+`,
	'p': `[AP]M`, 'Z': `[A-Z]{1,5}`, 'z': `(?:Z|UTC|GMT|[+-][01]\d(?::?\d\d)?)`,
}

// f2bOwnDate is a datepattern as a regex; empty for the usual dates. A date that
// is only a group of the pattern is cut out of the middle of a line: that is
// understood only where it leaves [] behind.
func f2bOwnDate(pattern string) (string, bool) {
	if f2bInBracket.MatchString(pattern) {
		return "", true
	}
	s := f2bBegin.ReplaceAllString(pattern, "")
	switch strings.ToUpper(s) {
	case "", "{DATE}", "{DEFAULT}", "EPOCH", "LEPOCH", "TAI64N":
		return "", true
	}
	if sep := f2bSeparator.FindStringSubmatch(s); sep != nil {
		s = strings.ReplaceAll(strings.Replace(s, sep[0], sep[1], 1), "(?P=_sep)", sep[1])
	}
	if s == pattern || strings.Contains(strings.ReplaceAll(s, "(?", ""), "(") {
		return "", false
	}
	known := true
	s = f2bDirective.ReplaceAllStringFunc(s, func(d string) string {
		shape, ok := f2bDirectives[d[len(d)-1]]
		known = known && ok
		return shape
	})
	t, err := translatePerl(strings.ReplaceAll(s, "{DATE}", f2bDate), pythonDialect, perlFlags{})
	if !known || err != nil || strings.Contains(s, "%") {
		return "", false
	}
	return "(?:" + t.expr + ")", true
}

// insertDates allows for a date at each ^ and between each pair of brackets with
// nothing inside, which is what is left of [date].
func insertDates(t translation, date string) string {
	var b strings.Builder
	carets := map[int]bool{}
	for _, c := range t.carets {
		carets[c] = true
	}
	for i := 0; i < len(t.expr); {
		switch rest := t.expr[i:]; {
		case carets[i]:
			b.WriteString(`^` + date + `?`)
			i++
		case strings.HasPrefix(rest, `\[\]`):
			b.WriteString(`\[` + f2bDate + `?\]`)
			i += len(`\[\]`)
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i += 2
		case rest[0] == '[':
			end := classEnd(t.expr, i)
			b.WriteString(t.expr[i : end+1])
			i = end + 1
		default:
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String()
}

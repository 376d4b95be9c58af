package pages

import (
	"regexp"
	"strings"
)

// What differs from one run to the next, or from one kernel to another.
var differs = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\b[0-9a-f]{12,64}\b`), "HASH"},
	{regexp.MustCompile(`[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}`), "KEY"}, // in Z85
	{regexp.MustCompile(`, [\d.]+ [kMG]B with its files' pages`), ""},        // of the memory controller
	{regexp.MustCompile(`\d[\d.,:]*( ?[kMG]i?B\b)?`), "N"},
	{regexp.MustCompile(`[ \t]+`), " "},
}

// plain is text without what differs. JSON is left alone: answers have to be as shown.
func plain(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, `{"`) {
			for _, d := range differs {
				line = d.what.ReplaceAllString(line, d.as)
			}
			lines[i] = line
		}
	}
	return strings.Join(lines, "\n")
}

// pattern is a regular expression for the plain form of what is shown. … stands for
// anything, on a line of its own for any lines.
func pattern(shown string) string {
	p := regexp.QuoteMeta(plain(shown))
	p = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(p, `(?s:.*)`)
	return strings.ReplaceAll(p, "…", ".*")
}

// isAsShown reports whether all that is printed is as it is shown.
func isAsShown(out, shown string) bool {
	return regexp.MustCompile("^" + pattern(shown) + "$").MatchString(plain(out))
}

// has reports whether some of a log is as a line that is shown.
func has(log, line string) bool {
	return regexp.MustCompile(pattern(line)).MatchString(plain(log))
}

// split tells what is shown of a command from lines that servers log meanwhile.
func split(lines []string) (shown string, logged []string) {
	var rest []string
	for _, line := range lines {
		if strings.HasPrefix(line, "level=") {
			logged = append(logged, line)
		} else {
			rest = append(rest, line)
		}
	}
	return strings.TrimSpace(strings.Join(rest, "\n")), logged
}

package importer

// Hints about word lists that look like something else.

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"trawl/edge/ondemand"
	"trawl/edge/rules/importer/internal/lists"
)

// WordListHint returns a sentence about the word list at path if it looks like something else, with
// advice; else an empty text. It ignores anything but regular files.
func WordListHint(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const enough = 256 << 10 // bytes, as for guess
	head, err := io.ReadAll(io.LimitReader(f, enough))
	if err != nil {
		return ""
	}
	return hint(path, head)
}

// looksRegex matches what regexes have and words have not: an anchor, a repeated class or dot, an
// escaped sign. In paths of Windows names stand behind backslashes.
var looksRegex = ondemand.Regexp{Expr: `^\^|\$$|[.\])][*+]|\]\{\d|\\[.([]|\\[sdwbSDWB](?:\W|$)|\[\[:`}

func hint(path string, head []byte) string {
	name := filepath.Base(path)
	looks := guess(head)
	switch what, ok := notImported.Get()[looks]; {
	case ok:
		return "its lines are taken as words, but this looks like " + what
	case looks == guessTrawl:
		return "its lines are taken as words, but this looks like a rule file of trawl: such a file's name ends in .yaml"
	case looks != "":
		return fmt.Sprintf("its lines are taken as words, but this looks like %s: trawl rules import --from %s -o RULES.yaml %s", guessNames.Get()[looks], looks, name)
	}
	lines, comments, first, regexes := 0, 0, 0, 0
	for line := range bytes.Lines(head) {
		lines++
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case lists.Comment.Get().Match(line):
			if comments++; comments == 1 {
				first = lines
			}
		case looksRegex.Get().Match(line):
			regexes++
		}
	}
	switch {
	case regexes > 0 && regexes >= lines/4:
		return fmt.Sprintf("its lines are taken as words, but they look like regexes: trawl rules import --from regex (as for grep -E -f) or --from bre (as for grep -f) -o RULES.yaml %s", name)
	case comments > 0:
		return fmt.Sprintf("a word list has no comments: lines that begin with #, such as line %d, are taken as words; without them: trawl rules import --from words -o RULES.yaml %s", first, name)
	}
	return ""
}

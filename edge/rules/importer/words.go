// Word lists: each becomes one rule with all its words.

package importer

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"trawl/edge/rules"
)

// readWords makes one rule of the words of a list that are UTF-8 and one for
// each of the others, which YAML cannot hold as text.
func readWords(j *job, in *input) {
	seen := map[string]bool{}
	name := idFrom(stem(in.path))
	var list *entry
	stats, err := rules.ReadWords(bytes.NewReader(in.data), func(line int, word []byte) {
		if j.fatal {
			return
		}
		if wordComment.Get().Match(word) {
			j.aside.add("comments (# and a blank)")
			return
		}
		if seen[string(word)] {
			e := j.begin(in.path, line, "", "")
			e.skip("repeated: the list has the word already", "")
			e.end()
			return
		}
		seen[string(word)] = true
		if !utf8.Valid(word) {
			e := j.begin(in.path, line, "", fmt.Sprintf("%s:%d", name, line))
			e.literals("", false, bytes.Clone(word))
			e.end()
			return
		}
		if list == nil {
			list = j.begin(in.path, line, "", name)
			list.made = []Rule{list.base}
			list.names = []string{""}
		} else {
			j.findings = append(j.findings, finding{file: in.path, line: line})
		}
		list.made[0].Literals = append(list.made[0].Literals, bytes.Clone(word))
		j.size += len(word) + 8
		j.checkSize(in.path, line)
	})
	j.aside.count("carriage returns at line ends", stats.CRLF)
	j.aside.count("blank lines", stats.Blank)
	var at *rules.LineError
	switch {
	case errors.As(err, &at):
		j.problem(in.path, at.Line, "%v", at.Err)
	case err != nil:
		j.problem(in.path, 0, "%v", err)
	case list != nil:
		list.end()
	}
}

// Word lists: each becomes one rule with all its words.

package importer

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"trawl/edge/rules"
)

var wordsKind = kind{
	name: "words", what: "word list: one literal per line", extensions: ".txt .lst .list .dic .words -",
	open: func() reader { return stateless(readWords) }, tooMany: ", or use the word list as it is: it may have any size",
}

// readWords makes one rule of the words of a list that are UTF-8 and one for
// each of the others, which YAML cannot hold as text.
func readWords(j *job, in *input) {
	seen := map[string]bool{}
	name := idFrom(stem(in.path))
	var list *literalList
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
			l := j.beginList(in.path, line, name)
			list = &l
		}
		list.addLiteral(line, bytes.Clone(word))
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

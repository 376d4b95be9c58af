package lists

// Word lists: a rule with all words for each list.

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"trawl/edge/ondemand"
	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/job"
)

// Comment matches lines that look like comments.
var Comment = ondemand.Regexp{Expr: `^#+(?:\s.*)?$`}

var Words = job.Kind{
	Name: "words", What: "word list: one literal per line", Extensions: ".txt .lst .list .dic .words -",
	Open: func() job.Reader { return job.Stateless(readWords) }, TooManyHint: ", or use the word list as it is: it may have any size",
}

// readWords makes a rule of all words in UTF-8, and a rule of each other word, which YAML cannot
// hold as a text.
func readWords(j *job.Job, in *job.Input) {
	seen := map[string]bool{}
	name := job.IDFrom(job.Stem(in.Path))
	var list *job.LiteralList
	stats, err := rules.ReadWords(bytes.NewReader(in.Data), func(line int, word []byte) {
		if j.Fatal {
			return
		}
		if Comment.Get().Match(word) {
			j.PassedOver.Add("comments (# and a blank)")
			return
		}
		if seen[string(word)] {
			e := j.Begin(in.Path, line, "", "")
			e.Skip("repeated: the list has the word already", "")
			e.End()
			return
		}
		seen[string(word)] = true
		if !utf8.Valid(word) {
			e := j.Begin(in.Path, line, "", fmt.Sprintf("%s:%d", name, line))
			e.AddLiterals("", false, bytes.Clone(word))
			e.End()
			return
		}
		if list == nil {
			l := j.BeginList(in.Path, line, name)
			list = &l
		}
		list.Add(line, bytes.Clone(word))
	})
	j.PassedOver.Count("carriage returns at line ends", stats.CRLF)
	j.PassedOver.Count("blank lines", stats.Blank)
	var at *rules.LineError
	switch {
	case errors.As(err, &at):
		j.AddProblem(in.Path, at.Line, "%v", at.Err)
	case err != nil:
		j.AddProblem(in.Path, 0, "%v", err)
	case list != nil:
		list.End()
	}
}

package job

// Rules whose matches contain a line break.

import (
	"bytes"
	"regexp/syntax"
	"slices"

	"trawl/edge/rules/importer/internal/re2"
)

// NoteLineBreak is a note for kinds with texts of several lines.
const NoteLineBreak = "a match has a line break in it: `trawl scan`, which looks at lines, never finds it; send whole texts"

// NeedsLineBreak reports whether a pattern of r has a line break in every match.
func (r *Rule) NeedsLineBreak() bool {
	if r.Regex == "" {
		return slices.ContainsFunc(r.Literals, func(l []byte) bool { return bytes.IndexByte(l, '\n') >= 0 })
	}
	tree, err := syntax.Parse(r.Regex, syntax.Perl)
	return err == nil && re2.Requires(tree.Simplify(), []byte{'\n'}, false)
}

// noteLineBreaks notes rules without matches in single lines.
func (e *Entry) noteLineBreaks() {
	for i := range e.Made {
		if e.Made[i].NeedsLineBreak() {
			e.Remark(NoteLineBreak)
			return
		}
	}
}

package job

// Rules whose matches have a line break in them.

import (
	"bytes"
	"regexp/syntax"
	"slices"

	"trawl/edge/rules/importer/internal/re2"
)

// NoteLineBreak is for kinds whose texts may have several lines.
const NoteLineBreak = "a match has a line break in it: `trawl scan`, which looks at lines, never finds it; send whole texts"

// NeedsLineBreak says whether each match of one of the patterns of r has a line break.
func (r *Rule) NeedsLineBreak() bool {
	if r.Regex == "" {
		return slices.ContainsFunc(r.Literals, func(l []byte) bool { return bytes.IndexByte(l, '\n') >= 0 })
	}
	tree, err := syntax.Parse(r.Regex, syntax.Perl)
	return err == nil && re2.Requires(tree.Simplify(), []byte{'\n'}, false)
}

// noteLineBreaks says that some of the rules made cannot be found in a line.
func (e *Entry) noteLineBreaks() {
	for i := range e.Made {
		if e.Made[i].NeedsLineBreak() {
			e.Remark(NoteLineBreak)
			return
		}
	}
}

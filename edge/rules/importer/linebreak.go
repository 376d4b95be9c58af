// Rules whose matches have a line break in them.

package importer

import (
	"bytes"
	"regexp/syntax"
	"slices"
)

// noteLineBreak is for kinds whose texts may have several lines.
const noteLineBreak = "a match has a line break in it: `trawl scan`, which looks at lines, never finds it; send whole texts"

// needsLineBreak says whether each match of one of the patterns of r has a line break.
func (r *Rule) needsLineBreak() bool {
	if r.Regex == "" {
		return slices.ContainsFunc(r.Literals, func(l []byte) bool { return bytes.IndexByte(l, '\n') >= 0 })
	}
	tree, err := syntax.Parse(r.Regex, syntax.Perl)
	return err == nil && requires(tree.Simplify(), &content{text: []byte{'\n'}})
}

// noteLineBreaks says that some of the rules made cannot be found in a line.
func (e *entry) noteLineBreaks() {
	for i := range e.made {
		if e.made[i].needsLineBreak() {
			e.remark(noteLineBreak)
			return
		}
	}
}

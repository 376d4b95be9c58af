package scan

// What is said on stderr while the scan goes on.

import (
	"fmt"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

// note prints one line, after everything that comes before it on stdout.
func (p *printer) note(format string, args ...any) {
	_ = p.out.Flush() // an error stays, and is found after the batch
	fmt.Fprintf(p.notes, "trawl: "+format+"\n", escape.Arguments(args, escape.MaxLine)...)
}

// cut says that limits of the broker left matches of a line out.
func (p *printer) cut(f *file, line int64) {
	p.note("%s:%d: more matches than the broker's limits allow in one answer: some of this line are missing", f.name, line)
}

// inPieces says, once for each file, what may be missed in its long lines.
func (p *printer) inPieces(f *file, line int64) {
	if p.o.HasRegexes {
		p.note("%s:%d: line over %d bytes, searched in pieces: regexes may miss matches in such lines", f.name, line, p.o.longLine)
	}
	if p.o.tooLong {
		p.note("%s:%d: line over %d bytes, searched in pieces: literals over %d bytes may be missed in such lines", f.name, line, p.o.longLine, p.o.Overlap)
	}
}

// incomplete says, once for each file, which regexes were given up on.
func (p *printer) incomplete(f *file, ids []string, rules []int) {
	missing := "matches"
	if p.o.Fields&wire.FieldGroups != 0 {
		missing = "matches or groups"
	}
	for _, rule := range rules {
		id := ids[rule]
		if f.incomplete[id] {
			continue
		}
		if f.incomplete == nil {
			f.incomplete = make(map[string]bool)
		}
		f.incomplete[id] = true
		p.note("%s: regex %s takes too many steps on some lines and was given up there: %s may be missing", f.name, id, missing)
	}
}

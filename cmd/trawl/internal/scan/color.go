package scan

// Colors, those that grep has unless GREP_COLORS says otherwise.

import (
	"cmp"
	"slices"

	"trawl/edge/wire"
)

const (
	colorFile  = "\x1b[35m"
	colorLine  = "\x1b[32m"
	colorMatch = "\x1b[1;31m"
	colorOff   = "\x1b[m"
)

func (p *printer) matchedText(text []byte, endsLine bool) {
	if !p.o.Color {
		p.part(text, endsLine)
		return
	}
	p.out.WriteString(colorMatch)
	p.part(text, endsLine)
	p.out.WriteString(colorOff)
}

// highlight prints a line with everything that lies in a match colored;
// matches that overlap or touch become one stretch.
func (p *printer) highlight(l *line) {
	p.spans = append(p.spans[:0], l.matches...)
	slices.SortFunc(p.spans, func(a, b wire.PackedMatch) int { return cmp.Compare(a.Start, b.Start) })
	printed := int64(0)
	for i := 0; i < len(p.spans); {
		start, end := p.spans[i].Start, p.spans[i].End
		for i++; i < len(p.spans) && p.spans[i].Start <= end; i++ {
			end = max(end, p.spans[i].End)
		}
		p.part(l.text[printed:start], false)
		p.matchedText(l.text[start:end], end == int64(len(l.text)))
		printed = end
	}
	p.part(l.text[printed:], true)
}

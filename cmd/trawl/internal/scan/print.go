package scan

// From lines with matches to the output of a mode. Everything written goes
// through here, in the order of the input.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

// printer is used by one goroutine. Writes to out are not checked one by one:
// its error stays, and is asked for once a batch.
type printer struct {
	o     *Options
	asker Asker
	names bool // file names before line numbers
	out   *bufio.Writer
	notes io.Writer // stderr

	sum        Summary
	matched    bool
	unreadable bool

	order ruleOrder          // of the line at hand
	long  ruleSet            // of the line that goes in pieces
	spans []wire.PackedMatch // scratch of highlight
	shown []byte             // scratch of part
}

func newPrinter(o *Options, asker Asker, names bool, stdout, stderr io.Writer) *printer {
	return &printer{o: o, asker: asker, names: names, out: bufio.NewWriterSize(stdout, 64<<10), notes: stderr}
}

// hit prints a line that matched. The only error is errStop.
func (p *printer) hit(l *line) error {
	p.countLine(l.file)
	if p.o.Mode == Lines && !l.file.binary {
		p.whole(l)
	}
	return p.found(l)
}

// piece prints what was found in a piece of a line, which may be nothing, and
// after the last what there is to say about the line. The only error is errStop.
func (p *printer) piece(l *line, pc *piece) error {
	f := l.file
	if !f.pieces {
		f.pieces = true
		p.inPieces(f, l.number)
	}
	if len(l.matches) > 0 {
		p.long.add(l, l.base)
		if err := p.found(l); err != nil {
			return err
		}
	}
	if pc.last && len(p.long.rules) > 0 {
		p.countLine(f)
		if p.o.Mode == Lines && !f.binary {
			p.instead(l, pc.to)
		}
		p.long.reset()
	}
	return nil
}

func (p *printer) countLine(f *file) {
	p.sum.MatchingLines++
	f.matching++
}

// found prints what does not need the line as a whole.
func (p *printer) found(l *line) error {
	p.matched = true
	if p.o.want() == wire.WantMatches {
		p.sum.Matches += int64(len(l.matches))
	}
	switch p.o.Mode {
	case Lines:
		if l.file.binary {
			l.file.rules.add(l, l.at)
		}
	case JSON:
		p.json(l)
	case Only:
		p.only(l)
	case Files:
		p.name(l.file)
		p.out.WriteByte('\n')
		l.file.done.Store(true)
	case Quiet:
		return errStop
	}
	return nil
}

// whole prints a line as grep does, with its rules in the order of their
// first match by start.
func (p *printer) whole(l *line) {
	places := p.order.of(l.matches, len(l.rules))
	if len(places) == 0 {
		return // a broker that says no more than that the line matched
	}
	p.place(l, places[0].start)
	for i := range places {
		p.listed(i, l.rules[places[i].rule])
	}
	p.out.WriteString(": ")
	if p.o.Color {
		p.highlight(l)
	} else {
		p.part(l.text, true)
	}
	p.out.WriteByte('\n')
}

// instead prints what stands for a line that went in pieces.
func (p *printer) instead(l *line, length int64) {
	rules := p.long.sorted()
	p.place(l, rules[0].start-l.base)
	for i := range rules {
		p.listed(i, rules[i].id)
	}
	fmt.Fprintf(p.out, ": [line of %d bytes]\n", length)
}

// only prints the text of each match.
func (p *printer) only(l *line) {
	for i := range l.matches {
		m := &l.matches[i]
		p.place(l, m.Start)
		p.listed(0, l.rules[m.Rule])
		p.out.WriteString(": ")
		p.matchedText(l.text[m.Start:m.End], true)
		p.out.WriteByte('\n')
	}
}

// place prints "[file:]line:column: " for a match that begins at start in
// l.text.
func (p *printer) place(l *line, start int64) {
	if p.names {
		p.name(l.file)
		p.out.WriteByte(':')
	}
	b := p.out.AvailableBuffer()
	if p.o.Color {
		b = append(b, colorLine...)
	}
	b = strconv.AppendInt(b, l.number, 10)
	if p.o.Color {
		b = append(b, colorOff...)
	}
	b = append(b, ':')
	b = strconv.AppendInt(b, l.base+start+1, 10)
	p.out.Write(append(b, ": "...))
}

// listed prints a rule of a list. Its id may come from a broker: it stays on its line.
func (p *printer) listed(i int, id string) {
	if i > 0 {
		p.out.WriteByte(',')
	}
	p.out.WriteString(escape.Line(id))
}

func (p *printer) name(f *file) {
	name := f.name
	if p.o.Terminal {
		name = escape.Line(name)
	}
	if !p.o.Color {
		p.out.WriteString(name)
		return
	}
	p.out.WriteString(colorFile)
	p.out.WriteString(name)
	p.out.WriteString(colorOff)
}

// part prints a part of a line: as it is, as grep does, but escaped for a terminal,
// which would obey it. There a line that ends as on Windows looks like any other.
func (p *printer) part(b []byte, endsLine bool) {
	if p.o.Terminal {
		if endsLine {
			b = bytes.TrimSuffix(b, []byte{'\r'})
		}
		p.shown = escape.Text(p.shown[:0], b)
		b = p.shown
	}
	p.out.Write(b)
}

// endText is called after each text, with or without data.
func (p *printer) endText(t *text) {
	f := t.file
	f.lines += t.lines
	if p.o.Progress != nil {
		p.o.Progress(t.at + int64(len(t.data)) - f.told)
		f.told = t.at + int64(len(t.data))
	}
	if t.piece != nil && t.piece.last {
		f.lines++
	}
	if e := f.foreign; t.last && e.name != "" && (e.marked || f.matching == 0) {
		p.unreadable = true
		looks := ""
		if !e.marked {
			looks = ", as this looks like,"
		}
		p.note("%s: text in %s%s is not decoded, so what is in it has not been found; convert it first: iconv -f %[2]s -t UTF-8", f.name, e.name, looks)
	}
	if t.err != nil {
		p.unreadable = true
		p.note("%s: %v", f.name, reason(t.err))
	}
	if t.last {
		p.endFile(t)
	}
}

func (p *printer) endFile(t *text) {
	f := t.file
	p.sum.Files++
	p.sum.Bytes += t.at + int64(len(t.data))
	p.sum.Lines += f.lines
	if n := len(t.data); n > 0 && t.piece == nil && t.data[n-1] != '\n' {
		p.sum.Lines++
	}
	switch {
	case p.o.Mode == Count:
		if p.names {
			p.name(f)
			p.out.WriteByte(':')
		}
		fmt.Fprintf(p.out, "%d\n", f.matching)
	case p.o.Mode == Lines && len(f.rules.rules) > 0:
		p.name(f)
		p.out.WriteString(": binary file matches (-a prints its lines): ")
		for i, rule := range f.rules.sorted() {
			p.listed(i, rule.id)
		}
		p.out.WriteByte('\n')
	}
}

package main

// What commands print. All of it goes through here, so that text of strangers (names
// that workers give themselves, rules, file names, errors) is seen and not obeyed.

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"trawl/edge/escape"
)

// printf writes a message to standard output. Texts among args are escaped, line
// breaks in them, too; those of the format are printed.
func (a *app) printf(format string, args ...any) {
	a.write(fmt.Appendf(nil, format, escape.Arguments(args, escape.MaxLine)...))
}

// printLines writes a text of several lines, each of them escaped, and a line break.
func (a *app) printLines(text string) { a.write([]byte(escape.Message(text) + "\n")) }

// printJSON writes a document and a line break.
func (a *app) printJSON(document []byte) { a.write(append(escape.JSON(document), '\n')) }

// printData writes what a program may want as it is: to a pipe or file it goes so, to a
// terminal escaped.
func (a *app) printData(data []byte) {
	if isTerminal(a.out) {
		var shown []byte
		for line := range bytes.Lines(data) {
			line, ended := bytes.CutSuffix(line, []byte("\n"))
			if shown = escape.Text(shown, line); ended {
				shown = append(shown, '\n')
			}
		}
		data = shown
	}
	a.write(data)
}

// write writes to standard output. That a write failed is told at the end, by run.
func (a *app) write(b []byte) {
	if _, err := a.out.Write(b); err != nil && a.lost == nil {
		a.lost = err
	}
}

// table is printed with its columns below each other.
type table struct {
	text strings.Builder
	w    *tabwriter.Writer
	rows int // without the head
}

func newTable(head ...any) *table {
	t := &table{rows: -1}
	t.w = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	t.row(head...)
	return t
}

// row adds a row. Texts are escaped and cut, so that they stay in their cell; the last
// one may be longer.
func (t *table) row(cells ...any) {
	last := len(cells) - 1
	shown := append(escape.Arguments(cells[:last], escape.MaxArgument), escape.Arguments(cells[last:], escape.MaxLine)...)
	fmt.Fprintln(t.w, strings.TrimSuffix(fmt.Sprintf(strings.Repeat("%v\t", len(cells)), shown...), "\t"))
	t.rows++
}

// printTable writes a table between before and after, if it has rows.
func (a *app) printTable(before string, t *table, after string) {
	if _ = t.w.Flush(); t.rows > 0 {
		a.write([]byte(before + t.text.String() + after))
	}
}

// newLogHandler makes the handler of a log in text or JSON, whose lines are bounded and
// hold nothing hidden. o.ReplaceAttr is called with bounded values.
func newLogHandler(w io.Writer, format string, o slog.HandlerOptions) slog.Handler {
	replace := o.ReplaceAttr
	o.ReplaceAttr = func(groups []string, attr slog.Attr) slog.Attr {
		attr.Value = bounded(attr.Value)
		if replace != nil {
			attr = replace(groups, attr)
		}
		return attr
	}
	if format == "json" {
		return slog.NewJSONHandler(jsonLines{w}, &o)
	}
	return slog.NewTextHandler(w, &o) // quotes what is not to be printed
}

// bounded is v, or the beginning of it: peers may have written it.
func bounded(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		if s := v.String(); len(s) > escape.MaxLine {
			return slog.StringValue(escape.Cut(s, escape.MaxLine))
		}
	case slog.KindAny:
		if text := fmt.Sprint(v.Any()); len(text) > escape.MaxLine {
			return slog.StringValue(escape.Sprintf("%v", v.Any()))
		}
	}
	return v
}

// jsonLines escapes what slog's JSON leaves as it is: DEL, C1, overrides.
type jsonLines struct{ io.Writer }

func (j jsonLines) Write(b []byte) (int, error) {
	if _, err := j.Writer.Write(escape.JSON(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

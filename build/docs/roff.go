package main

// Writing man(7) pages.

import (
	"fmt"
	"strings"
)

// page is a man page that is being written.
type page struct{ strings.Builder }

// newPage begins the page name(section).
func newPage(name string, section int, about string, e *edition) *page {
	p := &page{}
	fmt.Fprintf(p, ".TH %q %d %q %q %q\n", strings.ToUpper(name), section, e.date.Format("2006-01-02"), "trawl "+e.version, "trawl manual")
	p.section("Name")
	p.line(name + ` \- ` + roff(about))
	return p
}

func (p *page) section(name string) { fmt.Fprintf(p, ".SH %s\n", strings.ToUpper(name)) }

// line writes a line of roff; one that begins like a request is made harmless.
func (p *page) line(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	p.WriteString(s + "\n")
}

// text writes paragraphs, parted by empty lines. One whose lines are all indented
// is shown as it is.
func (p *page) text(s string) {
	for i, paragraph := range strings.Split(strings.TrimRight(s, "\n"), "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		if i > 0 {
			p.WriteString(".PP\n")
		}
		if asItIs(lines) {
			p.literal(lines)
			continue
		}
		for _, l := range lines {
			p.line(roff(l))
		}
	}
}

func asItIs(lines []string) bool {
	for _, l := range lines {
		if !strings.HasPrefix(l, " ") && !strings.HasPrefix(l, "\t") {
			return false
		}
	}
	return true
}

// literal writes lines as they are, for examples.
func (p *page) literal(lines []string) {
	p.WriteString(".RS 4\n.nf\n")
	for _, l := range lines {
		p.line(roff(strings.TrimPrefix(strings.ReplaceAll(l, "\t", "    "), "  ")))
	}
	p.WriteString(".fi\n.RE\n")
}

// item writes an entry of a list: what it is about, already roff, and what is said
// of it.
func (p *page) item(head string, paragraphs ...string) {
	p.WriteString(".TP\n")
	p.line(head)
	for i, s := range paragraphs {
		if i > 0 {
			p.WriteString(".br\n")
		}
		p.line(s)
	}
}

// roff escapes text. Hyphens become minus signs, and quotes stay those of ASCII,
// so that examples can be copied.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}

// marked is roff of text with `code` in it, as Markdown has it: code is bold.
func marked(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			b.WriteString(bold(part))
		} else {
			b.WriteString(roff(part))
		}
	}
	return b.String()
}

func bold(s string) string   { return `\fB` + roff(s) + `\fR` }
func italic(s string) string { return `\fI` + roff(s) + `\fR` }

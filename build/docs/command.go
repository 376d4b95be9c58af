package main

// A man page for each command.

import "strings"

// command and flagText are what trawl describe prints.
type command struct {
	Path, Use, Short, Long, Example string
	Flags                           []flagText
	Commands                        []*command
}

type flagText struct {
	Name, Shorthand, Value, Default, Usage string
	Optional                               bool
}

// page is the name of c's page: that of git's, trawl-rules-check.
func (c *command) page() string { return strings.ReplaceAll(c.Path, " ", "-") }

// commandPages returns the pages of root and of all commands below it, by file name.
func commandPages(root *command, e *edition) map[string]string {
	pages := make(map[string]string)
	var visit func(c, parent *command)
	visit = func(c, parent *command) {
		pages[c.page()+".1"] = commandPage(c, parent, root, e)
		for _, sub := range c.Commands {
			visit(sub, c)
		}
	}
	visit(root, nil)
	return pages
}

func commandPage(c, parent, root *command, e *edition) string {
	p := newPage(c.page(), 1, strings.ToLower(c.Short[:1])+c.Short[1:], e)
	p.section("Synopsis")
	p.line(synopsis(c))
	p.section("Description")
	if c.Long != "" {
		p.text(c.Long)
	} else {
		p.line(roff(c.Short) + ".")
	}
	if len(c.Commands) > 0 {
		p.section("Commands")
		for _, sub := range c.Commands {
			p.item(`\fB`+roff(sub.page())+`\fR(1)`, roff(sub.Short))
		}
	}
	p.flags("Options", c.Flags)
	if c != root {
		p.flags("Options of all commands", withoutHelp(root.Flags))
	} else {
		p.exitStatus()
	}
	if c.Example != "" {
		p.section("Examples")
		p.literal(strings.Split(strings.Trim(c.Example, "\n"), "\n"))
	}
	p.section("See also")
	p.line(seeAlso(c, parent, root))
	return p.String()
}

// synopsis is the use of c: literal words bold, what stands for something in italics.
func synopsis(c *command) string {
	words := strings.Fields(strings.TrimPrefix(c.Use, c.Path))
	if len(c.Commands) > 0 {
		words = append([]string{"COMMAND"}, words...)
	}
	for i, w := range words {
		switch {
		case w == "[flags]":
			words[i] = "[" + italic("OPTIONS") + "]"
		case strings.HasPrefix(w, "-"):
			words[i] = bold(w)
		default:
			words[i] = italic(w)
		}
	}
	return bold(c.Path) + " " + strings.Join(words, " ")
}

func withoutHelp(flags []flagText) (some []flagText) {
	for _, f := range flags {
		if f.Name != "help" && f.Name != "version" {
			some = append(some, f)
		}
	}
	return some
}

func (p *page) flags(title string, flags []flagText) {
	if len(flags) == 0 {
		return
	}
	p.section(title)
	for _, f := range flags {
		head := bold("--" + f.Name)
		if f.Shorthand != "" {
			head = bold("-"+f.Shorthand) + ", " + head
		}
		switch {
		case f.Optional:
			head += "[=" + italic(f.Value) + "]"
		case f.Value != "":
			head += " " + italic(f.Value)
		}
		usage := roff(f.Usage)
		if f.Default != "" {
			usage += " (default " + roff(f.Default) + ")"
		}
		p.item(head, usage)
	}
}

func (p *page) exitStatus() {
	p.section("Exit status")
	p.item("0", "It went well; for "+bold("trawl scan")+", there was a match.")
	p.item("1", bold("trawl scan")+" found no match.")
	p.item("2", "There was an error, which standard error tells.")
	p.section("Files")
	p.item(italic("/etc/trawl/trawl.yaml"), "The settings: \\fBtrawl.yaml\\fR(5).")
	p.item(italic("/var/lib/trawl"), "Compiled rules of the services. They can be deleted at any time.")
}

func seeAlso(c, parent, root *command) string {
	var pages []string
	for _, other := range []*command{root, parent} {
		if other != nil && other != c && (other == root || parent != root) {
			pages = append(pages, `\fB`+roff(other.page())+`\fR(1)`)
		}
	}
	return strings.Join(append(pages, `\fBtrawl.yaml\fR(5)`), ", ")
}

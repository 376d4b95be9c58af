// Package pages holds the command lines of the Markdown pages against trawl: they are
// typed into shells, and what they name has to be there. CONTRIBUTING.md says how pages
// are written for it. The boards are the callers': package test has a network of
// namespaces, package systemd a container.
package pages

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// NeedsSystemd marks what is typed in a machine with systemd.
const NeedsSystemd = "needs systemd"

var (
	fence     = regexp.MustCompile("^ *```+ *([a-z]*)")
	marker    = regexp.MustCompile(`^ *<!-- not run: (.+) -->$`)
	onBoard   = regexp.MustCompile(`^ *<!-- on: (\w+) -->$`)
	prompt    = regexp.MustCompile(`^(pi\d|pc)?\$ +`)
	program   = regexp.MustCompile(`^(\./)?(trawl|apt|apt-get|brew|cat|cd|curl|docker|echo|export|for|gcc|git|go|journalctl|kill|make|mkdir|node|npm|pip|pkill|podman|printf|promtool|python3|scp|ssh|sudo|systemctl|tail|wget|\.ci/run)( |$)`)
	beginsDoc = regexp.MustCompile(`<<(\S+)`)
)

// Block is one of code: indented by four, or fenced.
type Block struct {
	line   int
	lang   string // of the fence
	lines  []string
	output []string // of the last command: an indented block behind it, with nothing between
	marker string   // why it is not run

	board    string // where it is typed, if no prompt says
	commands bool
	follows  bool // the one before, with nothing between
}

// Command is a command line, and what is shown of its output.
type Command struct {
	line  int
	board string
	text  string
	shown []string
}

// Page is a Markdown page: its blocks, and the prose between them.
type Page struct {
	Name   string // its path in the clone, with slashes
	Blocks []Block
	Prose  string
}

// read reads a page of the clone in root. Markers hold to the next heading.
func read(root, name string) (Page, error) {
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return Page{}, err
	}
	var blocks []Block
	var prose string
	var b *Block // that goes on
	why, board := "", "pc"
	fenced, blank, follows, indent := false, true, false, ""
	begin := func(i int, lang string) {
		blocks = append(blocks, Block{line: i + 1, lang: lang, marker: why, board: board, follows: follows})
		b, follows = &blocks[len(blocks)-1], true
	}
	for i, line := range strings.Split(string(text), "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && fenced:
			fenced, b = false, nil
		case m != nil:
			fenced = true
			begin(i, cmp.Or(m[1], "text"))
		case fenced:
			b.lines = append(b.lines, line)
		case strings.HasPrefix(line, "    ") && (b != nil || blank):
			if b == nil {
				begin(i, "")
				indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
			}
			b.lines = append(b.lines, strings.TrimPrefix(line, indent))
		default:
			b = nil
			prose += line + "\n"
			follows = follows && strings.TrimSpace(line) == ""
			if m := marker.FindStringSubmatch(line); m != nil {
				why = m[1]
			} else if m := onBoard.FindStringSubmatch(line); m != nil {
				board = m[1]
			} else if strings.HasPrefix(line, "#") {
				why, board = "", "pc"
			}
		}
		blank = strings.TrimSpace(line) == ""
	}
	return Page{name, joined(blocks), prose}, nil
}

// joined tells commands from other blocks, and puts to them what they print.
func joined(blocks []Block) (all []Block) {
	for _, b := range blocks {
		b.commands = b.lang == "sh" || b.lang == "" && (program.MatchString(b.lines[0]) || prompt.MatchString(b.lines[0]))
		if n := len(all); n > 0 && b.follows && b.lang == "" && !b.commands && (all[n-1].commands || all[n-1].lang == "python") {
			all[n-1].output = append(append(all[n-1].output, ""), b.lines...)
			continue
		}
		all = append(all, b)
	}
	return all
}

// Commands are those of a block: its lines with a prompt and those before; if none has
// one, all. Here-documents belong to the line that begins them.
func (b *Block) Commands() (all []Command) {
	if !b.commands {
		return nil
	}
	prompted, until := false, ""
	for i, line := range b.lines {
		m := prompt.FindStringSubmatch(line)
		switch {
		case until != "":
			all[len(all)-1].text += "\n" + line
			if line == until {
				until = ""
			}
			continue
		case m == nil && prompted:
			last := &all[len(all)-1]
			last.shown = append(last.shown, line)
			continue
		}
		c := Command{line: b.line + i, board: b.board, text: line}
		if m != nil {
			prompted = true
			c.text = strings.TrimPrefix(line, m[0])
			c.board = cmp.Or(m[1], b.board)
		}
		if m := beginsDoc.FindStringSubmatch(c.text); m != nil {
			until = strings.Trim(m[1], `'"`)
		}
		all = append(all, c)
	}
	last := &all[len(all)-1]
	last.shown = append(last.shown, b.output...)
	return all
}

// ToRun are the commands of blocks that have one of these markers ("": none), without
// make's, which are tests of their own, and with Python, which is given to an
// interpreter. (The Python of docs/clients.md are files, which a test of their own runs.)
func (p *Page) ToRun(python string, markers ...string) (all []Command) {
	for _, b := range p.Blocks {
		switch {
		case !slices.Contains(markers, b.marker):
		case b.lang == "python" && p.Name != "docs/clients.md":
			text := python + " - <<'.'\n" + strings.Join(b.lines, "\n") + "\n."
			all = append(all, Command{line: b.line, board: b.board, text: text, shown: b.output})
		default:
			for _, c := range b.Commands() {
				if !strings.HasPrefix(c.text, "make ") {
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// ReadAll reads the Markdown pages of the clone in root, and more files by their names.
func ReadAll(t *testing.T, root string, more ...string) (all []Page) {
	t.Helper()
	names, err := names(root)
	if err != nil || len(names) < 20 {
		t.Fatalf("%d pages: %v", len(names), err)
	}
	for _, name := range append(names, more...) {
		p, err := read(root, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// names are those of the Markdown pages.
func names(root string) (all []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err == nil && d.IsDir() && (slices.Contains([]string{".git", "bin", "dist", "build/bench/out"}, name) || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(name) == ".md" {
			all = append(all, filepath.ToSlash(name))
		}
		return err
	})
	return all, err
}

// Lines are commands that no page has, such as what must be there before one.
func Lines(lines ...string) []Command {
	b := Block{lines: lines, board: "pc", commands: true}
	return b.Commands()
}

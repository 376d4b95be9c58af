// What the command lines of all pages name is there, and the pages are well marked.

package pages

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// command is one of trawl's, as `trawl describe` tells it.
type command struct {
	Path, Example string
	Flags         []struct{ Name, Shorthand string }
	Commands      []command
}

// check returns what a command line has that trawl does not know. Flags of the
// root are known to all.
func (c *command) check(root *command, words []string) string {
	for i, w := range words {
		if name, ok := strings.CutPrefix(w, "-"); ok {
			name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
			if !c.hasFlag(name) && !root.hasFlag(name) {
				return c.Path + " has no flag " + w
			}
			continue
		}
		for _, sub := range c.Commands {
			if strings.HasPrefix(sub.Path, c.Path+" ") && strings.TrimPrefix(sub.Path, c.Path+" ") == w {
				return sub.check(root, words[i+1:])
			}
		}
		if len(c.Commands) > 0 && strings.ToUpper(w) != w {
			return c.Path + " has no command " + w
		}
	}
	return ""
}

func (c *command) hasFlag(name string) bool {
	if name == "" || name == "help" || name == "h" {
		return true
	}
	for _, f := range c.Flags {
		if f.Name == name || f.Shorthand == name {
			return true
		}
	}
	return false
}

// anyFlag reports whether some command has a flag.
func (c *command) anyFlag(name string) bool {
	return c.hasFlag(name) || slices.ContainsFunc(c.Commands, func(sub command) bool { return sub.anyFlag(name) })
}

var (
	trawlCall = regexp.MustCompile(`(?:^|[|;&(] *|sudo |ssh \S+ |do )(?:\./)?trawl((?: [^|;&)#>\x60]*)?)`)
	makeCall  = regexp.MustCompile(`(?:^|[|;&] *)make((?: [a-z][a-z-]*)+)(?:$|[^…a-z-])`)
	quoted    = regexp.MustCompile(`"[^"]*"|'[^']*'|\$\([^)]*\)`)
)

// calls looks at command lines for calls of trawl and make.
type calls struct {
	root     command
	makefile string
	seen     int
}

func newCalls(t *testing.T) *calls {
	t.Helper()
	c := &calls{}
	out, err := exec.Command("go", "run", "../../cmd/trawl", "describe").Output()
	if err == nil {
		err = json.Unmarshal(out, &c.root)
	}
	if err != nil {
		t.Fatalf("trawl describe: %v", err)
	}
	c.root.Commands = append(c.root.Commands, command{Path: "trawl describe"}) // which is hidden
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	c.makefile = string(makefile)
	return c
}

func (c *calls) look(t *testing.T, page, line string) {
	t.Helper()
	line = quoted.ReplaceAllString(line, "TEXT")
	for _, m := range trawlCall.FindAllStringSubmatch(line, -1) {
		c.seen++
		if problem := c.root.check(&c.root, strings.Fields(m[1])); problem != "" {
			t.Errorf("%s: %s: %s", page, line, problem)
		}
	}
	for _, m := range makeCall.FindAllStringSubmatch(line, -1) {
		for _, target := range strings.Fields(m[1]) {
			if c.seen++; !strings.Contains(c.makefile, "\n"+target+":") {
				t.Errorf("%s: %s: the Makefile has no target %s", page, line, target)
			}
		}
	}
}

// lookHelp looks at the examples of --help.
func (c *calls) lookHelp(t *testing.T, of *command) {
	t.Helper()
	for line := range strings.Lines(of.Example) {
		c.look(t, of.Path+" --help", strings.TrimSpace(line))
	}
	for i := range of.Commands {
		c.lookHelp(t, &of.Commands[i])
	}
}

var codeSpan = regexp.MustCompile("`([^`\n]+)`")

// Also in what is marked, in prose, and in --help.
func TestPagesNameWhatIsThere(t *testing.T) {
	c := newCalls(t)
	c.lookHelp(t, &c.root)
	for _, page := range ReadAll(t, "../..", "build/dist/debian/README.Debian") {
		var lines string
		for i := range page.Blocks {
			for _, cmd := range page.Blocks[i].Commands() {
				c.look(t, page.Name, cmd.text)
				lines += cmd.text + " "
			}
		}
		for _, m := range codeSpan.FindAllStringSubmatch(page.Prose, -1) {
			c.look(t, page.Name, m[1])
			if name, ok := strings.CutPrefix(m[1], "--"); ok {
				if name, _, _ = strings.Cut(name, " "); !c.root.anyFlag(name) && !strings.Contains(lines, "--"+name+" ") {
					t.Errorf("%s: nothing has the flag --%s", page.Name, name)
				}
			}
		}
	}
	if c.seen < 200 {
		t.Errorf("only %d calls were found", c.seen)
	}
}

// reasons are why commands are not run; "run by FILE" is one, too.
var reasons = []string{"needs a board", NeedsSystemd, "needs a Mac", "needs the network", "shows a fault", "takes long"}

func TestMarkersGiveAReason(t *testing.T) {
	for _, page := range ReadAll(t, "../..") {
		for line := range strings.Lines(page.Prose) {
			m := marker.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				continue
			}
			if file, ok := strings.CutPrefix(m[1], "run by "); ok {
				if _, err := os.Stat(filepath.Join("../..", file)); err != nil {
					t.Errorf("%s: not run: %v", page.Name, err)
				}
			} else if !slices.Contains(reasons, m[1]) {
				t.Errorf("%s: not run: %q is none of the reasons %q", page.Name, m[1], reasons)
			}
		}
	}
}

// usual are commands that pages may come to have and that the list in read.go lacks.
var usual = regexp.MustCompile(`^(awk|bash|chmod|chown|cp|cut|df|dnf|docker-compose|dpkg|env|exec|find|free|gh|go1|grep|head|install|ip|journalctl|jq|ln|ls|man|mkfs|mount|mv|nc|netstat|nft|pacman|ps|python|read|rm|rsync|run|sed|set|sh|sleep|sort|ss|sysctl|tar|tc|tee|test|time|timeout|top|touch|tr|uname|unset|useradd|usermod|vi|vim|wait|watch|which|while|xargs|yum|zcat)$`)

// No command is taken for something else.
func TestCommandsDoNotHide(t *testing.T) {
	for _, page := range ReadAll(t, "../..") {
		for _, b := range page.Blocks {
			if b.commands || b.lang != "" {
				continue
			}
			first, _, _ := strings.Cut(b.lines[0], " ")
			if usual.MatchString(first) {
				t.Errorf("%s:%d: %s: a program that the list in read.go lacks?", page.Name, b.line, b.lines[0])
			}
			for i, line := range b.lines {
				if strings.HasPrefix(line, "trawl ") || strings.HasPrefix(line, "make ") || prompt.MatchString(line) {
					t.Errorf("%s:%d: %s: a command in a block that does not begin with one", page.Name, b.line+i, line)
				}
			}
		}
	}
}

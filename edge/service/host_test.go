package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	library "github.com/kardianos/service"
)

// board is a system in a folder, whose programs only note that they were called.
type board struct {
	t     *testing.T
	root  string
	host  host
	calls []string
	says  []string
	fails map[string]error  // by command line
	tells map[string]string // stdout, by command line
}

const showCommand = "systemctl show --property=" + properties + " "

func newBoard(t *testing.T) *board {
	b := &board{t: t, root: t.TempDir(), fails: make(map[string]error), tells: make(map[string]string)}
	for _, dir := range []string{"etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "var/lib/dpkg/info", "Library/LaunchDaemons"} {
		if err := os.MkdirAll(filepath.Join(b.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\ntrawl:x:999:999::/var/lib/trawl:/usr/sbin/nologin\n")
	b.host = host{
		platform: "linux-systemd", root: b.root, home: filepath.Join(b.root, "home/ann"),
		find: func(string) error { return nil }, run: b.run, control: b.control,
		identify: func(name string) account { return account{name: name, uid: -1} },
	}
	return b
}

func (b *board) run(name string, args ...string) (string, error) {
	line := strings.Join(append([]string{name}, args...), " ")
	b.calls = append(b.calls, line)
	if target, ok := strings.CutPrefix(line, "launchctl bootout "); ok {
		b.fails["launchctl print "+target] = errors.New("could not find service")
	}
	return b.tells[line], b.fails[line]
}

// control stands in for the library, whose commands are those of systemctl.
func (b *board) control(s *Service) (library.Service, error) {
	return &controlled{b: b, name: s.Name()}, nil
}

type controlled struct {
	library.Service
	b    *board
	name string
}

func (c *controlled) do(verb string) error {
	_, err := c.b.run("library", verb, c.name)
	return err
}

func (c *controlled) Start() error     { return c.do("start") }
func (c *controlled) Stop() error      { return c.do("stop") }
func (c *controlled) Restart() error   { return c.do("restart") }
func (c *controlled) Install() error   { return c.do("install") }
func (c *controlled) Uninstall() error { return c.do("uninstall") }
func (c *controlled) Status() (library.Status, error) {
	if err := c.do("status"); err != nil {
		return library.StatusUnknown, err
	}
	return library.StatusRunning, nil
}

func (b *board) say(format string, args ...any) {
	b.says = append(b.says, fmt.Sprintf(format, args...))
}

// open opens a service; change edits its options.
func (b *board) open(change func(*Options)) *Service {
	b.t.Helper()
	o := Options{Role: "broker", Executable: "/usr/local/bin/trawl"}
	if change != nil {
		change(&o)
	}
	s, err := open(o, b.host)
	if err != nil {
		b.t.Fatal(err)
	}
	b.calls, b.says = nil, nil
	return s
}

func (b *board) write(path, text string) {
	b.t.Helper()
	path = filepath.Join(b.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// files lists what is in a folder.
func (b *board) files(dir string) (names []string) {
	b.t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.root, dir))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (b *board) read(path string) string {
	text, err := os.ReadFile(filepath.Join(b.root, path))
	if errors.Is(err, os.ErrNotExist) {
		return "(none)"
	} else if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// changing leaves out the calls that only ask.
func (b *board) changing() []string {
	return slices.DeleteFunc(slices.Clone(b.calls), func(c string) bool {
		return strings.Contains(c, " is-") || strings.Contains(c, " show ") || strings.Contains(c, " print ")
	})
}

func (b *board) wantCalls(want ...string) {
	b.t.Helper()
	if got := b.changing(); !slices.Equal(got, want) {
		b.t.Errorf("ran %q, want %q", got, want)
	}
}

func (b *board) wantError(err error, says ...string) {
	b.t.Helper()
	if err == nil {
		b.t.Errorf("no error, want one that says %q", says)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			b.t.Errorf("error %q does not say %q", err, s)
		}
	}
}

const brokerUnit = "/etc/systemd/system/trawl-broker.service"

func unitOf(s *Service) string { return s.unit.Systemd() }

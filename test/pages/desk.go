package pages

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Boards are where pages have commands typed.
var Boards = []string{"pi1", "pi2", "pi3", "pc"}

// Desk is where somebody reads a page and types: a shell on each board.
type Desk struct {
	shells  map[string]*shell
	servers map[string]int // by board and command, the number of the one that runs
	started int
}

// What a terminal and other boards are to a command: curl shows no progress, and scp
// finds the boards' folders.
const functions = `
curl() { command curl --no-progress-meter "$@"; }
scp() { local a=(); for f; do case $f in pi?:*) f=$HOMES/${f/://};; esac; a+=("$f"); done; cp --remove-destination "${a[@]}"; }
`

// NewDesk opens the shells, each by a command that runs its arguments on a board; then
// they type what makes the board ready. The boards' folders are in homes, as they see it.
func NewDesk(t *testing.T, homes, ready string, on func(board string) *exec.Cmd) *Desk {
	t.Helper()
	d := &Desk{shells: make(map[string]*shell), servers: make(map[string]int)}
	for _, board := range Boards {
		s := startShell(t, board, on(board))
		d.shells[board] = s
		out, status := s.run(t, fmt.Sprintf("HOMES=%s BOARD=%s\ncd $HOMES/$BOARD\n%s%s", homes, board, functions, ready))
		if status != 0 {
			t.Fatalf("%s: %s", board, out)
		}
	}
	return d
}

// Furnish makes a board's folder, with the files that pages name: those of home, and a
// list of more words than tables can hold.
func Furnish(t *testing.T, folder, home string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var words strings.Builder
	for i := range 100_000 {
		for range 3 + random.IntN(5) {
			words.WriteByte(byte('a' + random.IntN(26)))
		}
		fmt.Fprintln(&words, i) // so none is there twice
	}
	err := os.CopyFS(folder, os.DirFS(home))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "many.txt"), []byte(words.String()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Type types commands of a page, one after the other, and judges what comes of them.
func (d *Desk) Type(t *testing.T, page string, commands []Command) {
	t.Helper()
	for _, c := range commands {
		d.do(t, fmt.Sprintf("%s:%d: %s$ %s", page, c.line, c.board, c.text), c)
	}
	for key, n := range d.servers {
		s := d.shells[strings.Fields(key)[0]]
		if log, status := s.run(t, fmt.Sprintf("cat server-%d.log; kill -0 $server%d", n, n)); status != 0 {
			t.Errorf("%s: %s has ended:\n%s", page, key, log)
		}
	}
}

var (
	// lasts are commands that do not end by themselves.
	lasts = regexp.MustCompile(`^(?:\./)?(trawl broker|trawl worker|trawl up|tail -f|go run ./docs/examples/custom-worker)\b`)
	// asks are those that change nothing: what they show may come a moment later.
	asks = regexp.MustCompile(`^trawl (status|workers|service status)\b`)
)

func (d *Desk) do(t *testing.T, at string, c Command) {
	t.Helper()
	s := d.shells[c.board]
	if m := lasts.FindStringSubmatch(c.text); m != nil {
		d.serve(t, at, s, m[1], c.text)
		return
	}
	shown, logged := split(c.shown)
	asShown := func(out string, _ int) bool { return shown == "" || isAsShown(out, shown) }
	var out string
	var status int
	if asks.MatchString(c.text) {
		out, status, _ = s.runUntil(t, c.text, asShown)
	} else {
		out, status = s.run(t, c.text)
	}
	switch {
	case shown == "" && status != 0:
		t.Errorf("%s: exit status %d:\n%s", at, status, out)
	case status > 1 && !strings.Contains(shown, "trawl: "):
		t.Errorf("%s: exit status %d, and no error is shown:\n%s", at, status, out)
	case !asShown(out, status):
		t.Errorf("%s prints\n%s\nand not, as shown,\n%s", at, out, shown)
	}
	for _, line := range logged {
		if log, _, is := s.runUntil(t, "cat server-*.log", func(log string, _ int) bool { return has(log, line) }); !is {
			t.Errorf("%s: nothing logs\n%s\nbut\n%s", at, line, log)
		}
	}
}

// serve starts what lasts, beside the others, in place of one of its kind on that
// board, and waits until it says something.
func (d *Desk) serve(t *testing.T, at string, s *shell, kind, text string) {
	t.Helper()
	key := s.name + " " + kind
	if old := d.servers[key]; old != 0 {
		s.run(t, fmt.Sprintf("kill $server%d; wait $server%d", old, old))
	}
	d.started++
	d.servers[key] = d.started
	text, _, _ = strings.Cut(text, "  #")
	text = strings.TrimSuffix(strings.TrimSpace(text), "&")
	s.run(t, fmt.Sprintf("%s >server-%d.log 2>&1 & server%d=$!", text, d.started, d.started))
	_, _, is := s.runUntil(t, fmt.Sprintf("test -s server-%d.log || ! kill -0 $server%d", d.started, d.started), func(_ string, status int) bool { return status == 0 })
	if !is {
		t.Errorf("%s: says nothing", at)
	}
}

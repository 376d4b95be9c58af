// The commands of the Markdown pages, typed on a network of boards.

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trawl/test/pages"
)

// before is what a page takes for granted.
var before = map[string][]pages.Command{
	"README.md": pages.Lines(
		"pi1$ export TRAWL_HTTP_MATCH=true", // "if the broker runs with"
		"pc$ line='to DE89370400440532013000'"),
	"edge/wire/PROTOCOL.md": pages.Lines(
		"pi1$ trawl broker --clients tcp://*:5555 --workers tcp://*:5556 --insecure",
		"pi2$ trawl worker --broker tcp://pi1:5556 --rules words.txt"),
}

func TestPagesRun(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq", "curl", "less", "procps", "logcheck-database", "fail2ban", "modsecurity-crs", "iproute2", "nftables", "network namespaces (as root)")
	for _, page := range pages.ReadAll(t, "..") {
		if commands := page.ToRun(interpreter(), ""); len(commands) > 0 {
			t.Run(page.Name, func(t *testing.T) {
				t.Parallel()
				newDesk(t).Type(t, page.Name, append(before[page.Name], commands...))
			})
		}
	}
}

// newDesk is one whose boards are network namespaces, each with its name, address and
// processes of its own.
func newDesk(t *testing.T) *pages.Desk {
	t.Helper()
	homes, n := t.TempDir(), newNetwork(t, pages.Boards...)
	bin := t.TempDir() // not scratch, where an example is called go
	if err := os.Symlink(binary, filepath.Join(bin, "trawl")); err != nil {
		t.Fatal(err)
	}
	hosts := "127.0.0.1 localhost\n"
	for _, board := range pages.Boards {
		hosts += n.address(board) + " " + board + "\n"
		pages.Furnish(t, filepath.Join(homes, board), "pages/testdata/home")
		linkRepository(t, filepath.Join(homes, board))
	}
	write(t, filepath.Join(homes, "hosts"), hosts)
	const ready = `
hostname $BOARD
mount --bind $HOMES/hosts /etc/hosts
mount --bind log /var/log
unset TRAWL_HTTP_LISTEN`
	return pages.NewDesk(t, homes, ready, func(board string) *exec.Cmd {
		argv := append(n.at(board), "unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env = append(environment(), "PATH="+bin+":"+os.Getenv("PATH"))
		return cmd
	})
}

// linkRepository gives a folder what a clone has, and what has been built there.
func linkRepository(t *testing.T, folder string) {
	t.Helper()
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"trawl": binary, "dist/trawl-linux-arm64": binary, "dist/trawl-linux-armv6": binary}
	for _, e := range entries {
		if e.Name() != "dist" && !strings.HasPrefix(e.Name(), ".") {
			links[e.Name()] = filepath.Join(repository, e.Name())
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "dist"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func init() {
	for layer, path := range map[string]string{
		"curl": "/usr/bin/curl", "less": "/usr/bin/less", "procps": "/usr/bin/pkill", "logcheck-database": "/etc/logcheck/ignore.d.server",
		"fail2ban": "/etc/fail2ban/filter.d/sshd.conf", "modsecurity-crs": "/usr/share/modsecurity-crs/rules",
	} {
		installed[layer] = func() bool { return exists(path) }
	}
}

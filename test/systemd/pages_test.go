package systemd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"trawl/test/pages"
)

// before is what a page takes for granted.
var before = map[string][]pages.Command{
	"README.md": pages.Lines("pi1$ trawl broker"),
	"docs/operating.md": pages.Lines(
		"mkdir /etc/trawl && cp words.txt /etc/trawl && echo 'worker: {rules: {default: [words.txt]}}' >/etc/trawl/trawl.yaml",
		"trawl service install worker --now"),
}

// What pages do with services. All their boards are one machine, with a folder each.
func TestPagesWithServices(t *testing.T) {
	for _, page := range pages.ReadAll(t, "../..") {
		commands := page.ToRun("python3", pages.NeedsSystemd)
		if len(commands) == 0 {
			continue
		}
		if page.Name == "docs/boards.md" { // one walk from its first line to the last
			commands = page.ToRun("python3", "", pages.NeedsSystemd)
		}
		t.Run(page.Name, func(t *testing.T) {
			newDesk(boot(t)).Type(t, page.Name, append(before[page.Name], commands...))
		})
	}
}

func newDesk(m *machine) *pages.Desk {
	m.t.Helper()
	const homes = "/root/homes"
	for _, board := range pages.Boards {
		folder := filepath.Join(fmt.Sprintf("/proc/%d/root", m.init), homes, board)
		pages.Furnish(m.t, folder, "../pages/testdata/home")
		if err := os.Mkdir(filepath.Join(folder, "dist"), 0o700); err != nil {
			m.t.Fatal(err)
		}
	}
	const ready = `
echo '127.0.0.1 localhost pi1 pi2 pi3' >/etc/hosts
mkdir -p /usr/share/dict && cp words.txt /usr/share/dict/words && cp log/syslog /var/log/syslog
for name in trawl dist/trawl-linux-arm64 dist/trawl-linux-armv6; do cp /run/trawl-under-test $name; done
sudo() { "$@"; }`
	return pages.NewDesk(m.t, homes, ready, func(string) *exec.Cmd {
		return exec.Command("nsenter", "-t", fmt.Sprint(m.init), "-a", "env", "HOME=/root")
	})
}

package systemd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// debianPackages builds the Debian package as two versions, the older first.
func debianPackages(t *testing.T) (paths [2]string) {
	t.Helper()
	for i, version := range []string{"v0.0.1", "v0.0.2-1-gabc1234"} {
		paths[i] = debianPackage(t, "linux/amd64", version)
	}
	return paths
}

// debianPackage builds it as make dist does.
func debianPackage(t *testing.T, target, version string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("make", "dist", "DIST="+dir, "TARGETS="+target, "VERSION="+version)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make dist: %v\n%s", err, out)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(found) != 1 {
		t.Fatalf("make dist has made %q", found)
	}
	return found[0]
}

// put copies a file into the machine and returns its path there.
func (m *machine) put(path string) string {
	m.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		m.t.Fatal(err)
	}
	inside := "/root/" + filepath.Base(path)
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/root%s", m.init, inside), b, 0o600); err != nil {
		m.t.Fatal(err)
	}
	return inside
}

// dpkg runs dpkg, which must not ask or warn.
func (m *machine) dpkg(args ...string) {
	m.t.Helper()
	out := m.sh("dpkg " + strings.Join(args, " ") + " </dev/null 2>&1")
	for line := range strings.Lines(out) {
		if l := strings.ToLower(line); strings.Contains(l, "warning") || strings.Contains(l, "error") || strings.Contains(l, "?") {
			m.t.Errorf("dpkg %s: %s", strings.Join(args, " "), out)
			return
		}
	}
}

// files lists all files of the machine that a package could leave behind. What
// keeps the accounts, and their user, stay: that is how Debian does it.
func (m *machine) files() []string {
	m.t.Helper()
	list := m.sh(`find /etc /usr /var /opt /srv /home /run/trawl* -xdev ! -path '/var/log/*' ! -path '/var/cache/*' \
		! -path '/var/lib/dpkg/*' ! -path '/var/lib/systemd/random-seed' ! -path '/var/tmp/*' \
		! -path '/etc/passwd-' ! -path '/etc/group-' ! -path '/etc/shadow-' ! -path '/etc/gshadow-' ! -path '/etc/.pwd.lock' 2>/dev/null | LC_ALL=C sort || true`)
	return strings.Split(list, "\n")
}

// What is there before the package stays: nobody is asked, and what hides the package's
// own is named.
func TestPackageBesideAnInstallationByHand(t *testing.T) {
	m := boot(t)
	m.install()
	m.sh("rm /etc/dpkg/dpkg.cfg.d/*")
	before := m.must("cat", "/etc/trawl/trawl.yaml")
	deb := m.put(debianPackage(t, "linux/amd64", "v0.0.1"))
	out := m.sh("DEBIAN_FRONTEND=noninteractive dpkg -i " + deb + " </dev/null 2>&1")
	m.wantSays("dpkg", out, "/etc/systemd/system/trawl-worker.service comes before the unit of this package, and runs /usr/local/bin/trawl", "trawl service uninstall broker", "rm /usr/local/bin/trawl")
	if after := m.must("cat", "/etc/trawl/trawl.yaml"); after != before {
		t.Errorf("trawl.yaml is now:\n%s", after)
	}
	if out := m.must("sh", "-c", "ls -A /etc/trawl"); out != "trawl.yaml\nwords.txt" {
		t.Errorf("/etc/trawl has:\n%s", out)
	}
	m.serves()
	m.wantSays("doctor", m.must("trawl", "doctor"), "there are 2 programs called trawl: /usr/local/bin/trawl, /usr/bin/trawl")
	for _, role := range []string{"broker", "worker"} { // as dpkg says
		m.must("trawl", "service", "uninstall", role)
		m.must("systemctl", "enable", "--now", "trawl-"+role)
	}
	m.must("rm", "/usr/local/bin/trawl")
	m.servesWithin("30s")
	if exe := m.must("readlink", "/proc/"+m.show(broker, "MainPID")+"/exe"); exe != "/usr/bin/trawl" {
		t.Errorf("the broker runs %s", exe)
	}
}

func TestPackage(t *testing.T) {
	m := boot(t)
	debs := debianPackages(t)
	older, newer := m.put(debs[0]), m.put(debs[1])
	// The program of the other tests would come first in PATH, and dpkg is to leave
	// out nothing.
	m.sh("rm /usr/local/bin/trawl /etc/dpkg/dpkg.cfg.d/*; mkdir -p /usr/share/man/man1 /usr/share/man/man5")
	before := m.files()

	m.dpkg("-i", older)
	if v := m.must("trawl", "version"); !strings.Contains(v, "v0.0.1") {
		t.Errorf("version: %s", v)
	}
	m.must("trawl", "config", "check")
	m.must("sh", "-c", "cd / && md5sum --check --quiet /var/lib/dpkg/info/trawl.md5sums")
	m.must("test", "-e", "/usr/share/man/man1/trawl-scan.1.gz")
	for _, s := range []string{broker, worker} {
		if state := m.show(s, "UnitFileState") + " " + m.show(s, "ActiveState"); state != "disabled inactive" {
			t.Errorf("%s after installation: %s", s, state)
		}
		if out, _ := m.run("systemd-analyze", "verify", "/usr/lib/systemd/system/"+s+".service"); strings.Contains(out, "trawl") && !strings.Contains(out, "man ") {
			t.Errorf("systemd-analyze verify: %s", out)
		}
	}

	// As README.Debian says.
	m.must("systemctl", "enable", "--now", broker)
	m.sh(`printf 'worker:\n  rules: {default: [/usr/share/doc/trawl/examples/code-and-logs, words.txt]}\n' >/etc/trawl/trawl.yaml; printf 'his\nhe\n' >/etc/trawl/words.txt`)
	m.must("trawl", "config", "check")
	m.must("systemctl", "enable", "--now", worker) // Type=notify: READY was seen
	m.serves()
	if out := m.must("trawl", "status"); !strings.Contains(out, "v0.0.1") {
		t.Errorf("status: %s", out)
	}
	if user := m.must("ps", "-o", "user=", "-p", m.show(worker, "MainPID")); user != "trawl" {
		t.Errorf("it runs as %s", user)
	}
	m.must("trawl", "service", "install", "worker", "--name", "zwei", "--now")
	m.fails("belongs to the package trawl", "trawl", "service", "install", "worker")

	t.Run("upgraded", func(t *testing.T) {
		m.must("systemctl", "disable", "--now", "trawl-worker-zwei")
		m.dpkg("-i", newer)
		if v := m.must("trawl", "version"); !strings.Contains(v, "v0.0.2") {
			t.Errorf("version: %s", v)
		}
		m.serves()
		for _, s := range []string{broker, worker} {
			if exe := m.must("readlink", "/proc/"+m.show(s, "MainPID")+"/exe"); exe != "/usr/bin/trawl" {
				t.Errorf("%s runs %s", s, exe)
			}
			if n := m.show(s, "NRestarts") + " " + m.show(s, "Result"); n != "0 success" {
				t.Errorf("%s was not restarted cleanly: %s", s, n)
			}
		}
		if state := m.show("trawl-worker-zwei", "ActiveState"); state != "inactive" {
			t.Errorf("a service that was stopped is %s", state)
		}
		m.must("grep", "-q", "words.txt", "/etc/trawl/trawl.yaml")
		if out := m.must("sh", "-c", "ls /etc/trawl"); out != "trawl.yaml\nwords.txt" {
			t.Errorf("/etc/trawl has:\n%s", out)
		}
		m.dpkg("-i", newer) // once more changes nothing
		m.serves()
		m.must("systemctl", "start", "trawl-worker-zwei")
	})

	t.Run("removed", func(t *testing.T) {
		m.dpkg("-r", "trawl")
		if out, _ := m.run("pgrep", "-x", "trawl"); out != "" {
			t.Errorf("trawl still runs: %s", out)
		}
		m.must("grep", "-q", "words.txt", "/etc/trawl/trawl.yaml")
		m.sh("ls /var/lib/trawl/packs/*.pack; ! test -e /etc/systemd/system/trawl-worker-zwei.service")
	})

	t.Run("installed again", func(t *testing.T) {
		m.dpkg("-i", newer)
		m.must("grep", "-q", "words.txt", "/etc/trawl/trawl.yaml")
		if state := m.show(worker, "UnitFileState"); state != "enabled" {
			t.Errorf("what was enabled is %s", state)
		}
		m.must("systemctl", "start", broker, worker)
		m.serves()
	})

	t.Run("purged", func(t *testing.T) {
		m.must("rm", "/etc/trawl/words.txt") // the administrator's own
		m.dpkg("--purge", "trawl")
		after := m.files()
		for _, f := range after {
			if _, found := slices.BinarySearch(before, f); !found {
				t.Errorf("left behind: %s", f)
			}
		}
		for _, f := range before {
			if _, found := slices.BinarySearch(after, f); !found {
				t.Errorf("gone: %s", f)
			}
		}
		if out, _ := m.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "trawl*"); out != "" {
			t.Errorf("units: %s", out)
		}
	})
}

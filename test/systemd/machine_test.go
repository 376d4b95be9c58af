package systemd

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/test/need"
)

// patience is how long anything is waited for: it only passes in full when a test
// fails.
const patience = 60 * time.Second

// packages are what is in every root, besides Debian's most essential ones.
const packages = "systemd-sysv,udev,dbus,procps"

// suite is Debian's release of the container; TRAWL_SYSTEMD_SUITE names another.
var suite = cmp.Or(os.Getenv("TRAWL_SYSTEMD_SUITE"), "bookworm")

// binary is the trawl under test, as users get it.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv("TRAWL_SYSTEMD") == "" {
		os.Exit(m.Run()) // every test skips itself
	}
	dir, err := os.MkdirTemp("", "trawl-systemd-")
	if err == nil {
		binary = filepath.Join(dir, "trawl")
		var out []byte
		if out, err = need.GoBuild("", nil, "-trimpath", "-o", binary, "../../cmd/trawl").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// machine is a Debian that has booted.
type machine struct {
	t *testing.T
	// exec runs a program in it and returns what it said, on stdout and stderr.
	exec     func(argv ...string) (string, error)
	log      fmt.Stringer // what its console showed
	patience time.Duration
	init     int // of a container: pid of its systemd, seen from here
}

// boot boots a machine, with trawl in /usr/local/bin, that ends with the test.
func boot(t *testing.T) *machine {
	t.Helper()
	if os.Getenv("TRAWL_SYSTEMD") == "" {
		t.Skip("skipped: make test-systemd runs it")
	}
	for _, tool := range []string{"systemd-nspawn", "mmdebstrap", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: apt-get install systemd-container mmdebstrap", tool)
		}
	}
	if os.Getuid() != 0 {
		t.Fatal("needs root, for systemd-nspawn")
	}
	log := new(bytes.Buffer)
	m := &machine{t: t, log: log, patience: patience}
	m.exec = func(argv ...string) (string, error) {
		out, err := exec.Command("nsenter", append([]string{"-t", fmt.Sprint(m.init), "-a"}, argv...)...).CombinedOutput()
		return string(out), err
	}
	name := fmt.Sprintf("trawl-%d", os.Getpid())
	cmd := exec.Command("systemd-nspawn", "-q", "-D", debian(t, suite, packages), "-M", name, "--hostname="+name, "--boot",
		"--volatile=overlay", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
		"--bind-ro="+binary+":/run/trawl-under-test")
	cmd.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1") // hosts with cgroups v1, too
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // powers it off
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	m.eventually("it has booted", func() bool {
		select {
		case <-ended:
			t.Fatalf("the container has ended:\n%s", m.log)
		default:
		}
		if m.init == 0 {
			m.init = child(cmd.Process.Pid, "systemd")
		}
		if m.init == 0 {
			return false
		}
		state, _ := m.run("systemctl", "is-system-running")
		return state == "running" || state == "degraded"
	})
	m.must("install", "-m", "755", "/run/trawl-under-test", "/usr/local/bin/trawl")
	return m
}

// debian returns the root of a Debian, built if need be. The options are those of
// mmdebstrap.
func debian(t *testing.T, suite, packages string, options ...string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	root := filepath.Join(cache, "trawl-test", fmt.Sprintf("%s-%.4x", suite, sha256.Sum256([]byte(packages+strings.Join(options, "")))))
	if _, err := os.Stat(root); err == nil {
		return root
	}
	t.Logf("building %s", root)
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	half := root + ".half"
	if err := os.RemoveAll(half); err != nil {
		t.Fatal(err)
	}
	args := append(options, "--variant=minbase", "--include="+packages, "--aptopt=APT::Install-Recommends \"false\"")
	for _, part := range []string{"doc", "man", "locale"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+part+"/*")
	}
	if out, err := exec.Command("mmdebstrap", append(args, suite, half)...).CombinedOutput(); err != nil {
		t.Fatalf("mmdebstrap: %v\n%s", err, out)
	}
	if err := os.Rename(half, root); err != nil {
		t.Fatal(err)
	}
	return root
}

// child returns the child of a process that has a name, 0 if there is none.
func child(parent int, name string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, _ := os.ReadFile(path)
		var pid, ppid int
		var comm, state string
		if _, err := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &comm, &state, &ppid); err == nil && ppid == parent && comm == "("+name+")" {
			return pid
		}
	}
	return 0
}

// run runs a program in the machine and returns what it said, on stdout and stderr.
func (m *machine) run(argv ...string) (string, error) {
	out, err := m.exec(argv...)
	return strings.TrimSpace(out), err
}

// must is run of what has to succeed.
func (m *machine) must(argv ...string) string {
	m.t.Helper()
	out, err := m.run(argv...)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s\n%s", strings.Join(argv, " "), err, out, m.journal())
	}
	return out
}

// fails is run of what has to fail, with a message that has all of says in it.
func (m *machine) fails(says string, argv ...string) {
	m.t.Helper()
	out, err := m.run(argv...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(out, says) {
		m.t.Errorf("%s: %v\n%s\nwant status 2 and %q", strings.Join(argv, " "), err, out, says)
	}
}

func (m *machine) sh(script string) string {
	m.t.Helper()
	return m.must("sh", "-ec", script)
}

// show asks systemd for a property of a service.
func (m *machine) show(service, property string) string {
	m.t.Helper()
	return m.must("systemctl", "show", "-P", property, service)
}

func (m *machine) journal() string {
	out, _ := m.run("journalctl", "--no-pager", "-o", "short-monotonic", "-n", "60", "-u", "trawl-*")
	return "---- journal:\n" + out
}

// eventually asks again and again until ok.
func (m *machine) eventually(what string, ok func() bool) {
	m.t.Helper()
	for until := time.Now().Add(m.patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			m.t.Fatalf("waited too long until %s\n%s\n%s", what, m.log, m.journal())
		}
	}
}

package systemd

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"trawl/test/need"
)

var update = flag.Bool("update", false, "write the golden files anew")

// units are what the golden files in testdata hold, by file name.
func units() map[string]string {
	const exe = "/usr/local/bin/trawl"
	config := []string{"--config", "/etc/trawl/trawl.yaml"}
	broker := &Unit{Role: "broker", Executable: exe, Arguments: config, User: User}
	worker := &Unit{Role: "worker", Executable: exe, Arguments: config, User: User}
	second := &Unit{Role: "worker", Instance: "zwei", Executable: exe, Arguments: []string{"--name", "zwei", "--config", "/etc/trawl/zwei%1 $x.yaml"}, User: User}
	own := &Unit{Role: "worker", Executable: "/home/ann/bin/trawl"}
	watcher := &Unit{Role: "watch", Executable: exe, Arguments: config, User: User}
	ownWatcher := &Unit{Role: "watch", Executable: "/home/ann/bin/trawl"}
	packaged := &Unit{Role: "broker", Executable: "/usr/bin/trawl", User: User, Packaged: true}
	mac := &Unit{Role: "worker", Executable: exe, Arguments: []string{"--config", "/etc/a&b <1>.yaml"}, User: "ann"}
	macOwn := &Unit{Role: "broker", Executable: exe}
	return map[string]string{
		"trawl-broker.service":          broker.Systemd(),
		"trawl-worker.service":          worker.Systemd(),
		"trawl-watch.service":           watcher.Systemd(),
		"user/trawl-watch.service":      ownWatcher.Systemd(),
		"trawl-worker-zwei.service":     second.Systemd(),
		"user/trawl-worker.service":     own.Systemd(),
		"packaged/trawl-broker.service": packaged.Systemd(),
		"trawl-worker.plist":            mac.Plist("/var/log/trawl-worker.log"),
		"user/trawl-broker.plist":       macOwn.Plist("/Users/ann/Library/Logs/trawl-broker.log"),
	}
}

func TestGoldenFiles(t *testing.T) {
	for name, text := range units() {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s is now:\n%s\nIf that is meant: go test ./systemd -update", path, text)
		}
		if strings.Contains(text, "@") && !strings.Contains(text, "@system-service") {
			t.Errorf("%s: a place was not filled in", name)
		}
	}
}

func TestPlistsAreXML(t *testing.T) {
	for name, text := range units() {
		if !strings.HasSuffix(name, ".plist") {
			continue
		}
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// analyze runs systemd-analyze about units in a folder. Of the machine's units and
// drop-ins it sees none: in place of the targets that every unit refers to are some that
// say nothing.
func analyze(t *testing.T, dir string, args ...string) (stdout, stderr string) {
	t.Helper()
	need.Program(t, "systemd-analyze", "systemd")
	if os.Getuid() != 0 {
		need.Path(t, "/run/systemd", "systemd that runs: only root can ask systemd-analyze without") // in a container
	}
	for _, target := range []string{"sysinit", "basic", "shutdown", "network", "network-online", "multi-user", "default"} {
		if err := os.WriteFile(filepath.Join(dir, target+".target"), []byte("[Unit]\nDescription=x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := need.Command("systemd-analyze", args...)
	cmd.Env = append(cmd.Env, "SYSTEMD_UNIT_PATH="+dir, "XDG_RUNTIME_DIR="+dir)
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run() // its exit status lies
	return out.String(), err.String()
}

// onDisk writes the units of the system into a folder, with a program that exists
// and without man pages, which need not be installed.
func onDisk(t *testing.T) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range units() {
		if !strings.HasSuffix(name, ".service") || strings.Contains(name, "user/") {
			continue
		}
		text = regexp.MustCompile(`(?m)^Documentation=.*\n`).ReplaceAllString(text, "")
		text = regexp.MustCompile(`ExecStart=\S+`).ReplaceAllString(text, "ExecStart="+exe)
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestSystemdFindsNothingToSay(t *testing.T) {
	for _, path := range onDisk(t) {
		if _, stderr := analyze(t, filepath.Dir(path), "verify", path); stderr != "" {
			t.Errorf("systemd-analyze verify %s:\n%s", filepath.Base(path), stderr)
		}
	}
}

func TestUsersSystemdFindsNothingToSay(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, role := range []string{"broker", "worker", "watch"} {
		u := &Unit{Role: role, Executable: exe}
		path := filepath.Join(dir, u.Name()+".service")
		if err := os.WriteFile(path, []byte(u.Systemd()), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, stderr := analyze(t, dir, "--user", "verify", path); stderr != "" {
			t.Errorf("systemd-analyze --user verify %s:\n%s", u.Name(), stderr)
		}
	}
}

func TestExposureIsAtMostTwo(t *testing.T) {
	overall := regexp.MustCompile(`Overall exposure level for \S+: (\d+\.\d+)`)
	for _, path := range onDisk(t) {
		stdout, stderr := analyze(t, filepath.Dir(path), "security", "--offline=true", "--no-pager", path)
		m := overall.FindStringSubmatch(stdout)
		if m == nil {
			t.Fatalf("systemd-analyze security %s:\n%s%s", path, stdout, stderr)
		}
		t.Logf("%s: exposure %s", filepath.Base(path), m[1])
		if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > 2.0 {
			t.Errorf("%s: exposure %s, over 2.0:\n%s", filepath.Base(path), m[1], stdout)
		}
	}
}

func TestWordsOfACommandLine(t *testing.T) {
	for word, want := range map[string]string{
		"plain":     "plain",
		"100%":      "100%%",
		"$HOME":     "$$HOME",
		"a b":       `"a b"`,
		`a"b`:       `"a\"b"`,
		`a\b`:       `a\\b`,
		"":          `""`,
		"semi;":     `"semi;"`,
		"/etc/ü/x-": "/etc/ü/x-",
	} {
		if got := quote(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

func TestWhatNoUnitCanHold(t *testing.T) {
	for name, u := range map[string]*Unit{
		"relative path": {Executable: "trawl"},
		"line break":    {Executable: "/bin/trawl", Arguments: []string{"a\nExecStartPre=/bin/evil"}},
		"quote":         {Executable: `/opt/"x"/trawl`},
		"user":          {Executable: "/bin/trawl", User: "a\nExecStartPre=/bin/evil"},
	} {
		if err := u.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := (&Unit{Executable: "/opt/my programs/trawl", Arguments: []string{"a b"}}).Check(); err != nil {
		t.Error(err)
	}
}

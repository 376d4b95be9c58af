package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	library "github.com/kardianos/service"
)

func TestLaunchd(t *testing.T) {
	b := newBoard(t)
	b.host.platform, b.host.sudoUser = "darwin-launchd", "trawl"
	const file = "/Library/LaunchDaemons/trawl-broker.plist"
	notLoaded := errors.New("could not find service")
	b.fails["launchctl print system/trawl-broker"] = notLoaded
	s := b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls()
	if got := b.read(file); got != s.unit.Plist("/var/log/trawl-broker.log") || !strings.Contains(got, "<string>trawl</string>") {
		t.Errorf("property list:\n%s", got)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("launchctl bootstrap system " + filepath.Join(b.root, file))

	delete(b.fails, "launchctl print system/trawl-broker")
	b.tells["launchctl print system/trawl-broker"] = "system/trawl-broker = {\n\tstate = running\n\tpid = 77\n}\n"
	if st, err := s.Status(); err != nil || st.State != Running || st.PID != 77 {
		t.Errorf("%+v, %v", st, err)
	}
	b.tells["launchctl print system/trawl-broker"] = "\tstate = spawn scheduled\n\tlast exit code = 2\n"
	if st, err := s.Status(); err != nil || st.State != Failing {
		t.Errorf("%+v, %v", st, err)
	}
	s = b.open(func(o *Options) { o.Config = "/etc/trawl/other.yaml" })
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("launchctl bootout system/trawl-broker", "launchctl bootstrap system "+filepath.Join(b.root, file))
	b.calls = nil
	delete(b.fails, "launchctl print system/trawl-broker")
	if err := s.Uninstall(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("launchctl bootout system/trawl-broker")
	if b.read(file) != "(none)" {
		t.Error("the property list is still there")
	}
	b.host.sudoUser = ""
	b.wantError(b.open(nil).Install(b.say), "needs a user to run as", "--run-as")
}

func TestOtherManagers(t *testing.T) {
	b := newBoard(t)
	b.host.platform = "linux-openrc"
	b.fails["library status trawl-broker"] = library.ErrNotInstalled
	s := b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("library status trawl-broker", "library install trawl-broker")
	b.fails["library install trawl-broker"] = errors.New("no room")
	b.calls = nil
	b.wantError(s.Install(b.say), "linux-openrc", "no room")
	b.wantCalls("library status trawl-broker", "library install trawl-broker", "library uninstall trawl-broker")

	delete(b.fails, "library status trawl-broker")
	b.calls = nil
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("library status trawl-broker")
	b.calls = nil
	if err := s.Uninstall(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("library status trawl-broker", "library stop trawl-broker", "library uninstall trawl-broker")
	if st, err := s.Status(); err != nil || st.State != Running {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestWhatAUserCanRead(t *testing.T) {
	dir := t.TempDir()
	for d := dir; d != "/" && strings.HasPrefix(d, os.TempDir()) && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	closed := file("closed/file", 0o644)
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := someone{name: "trawl", uid: 1 << 30}
	owner := someone{name: "trawl", uid: os.Getuid()}
	group := someone{name: "trawl", uid: 1 << 30, gids: []int{os.Getgid()}}
	for _, c := range []struct {
		path string
		who  someone
		says string // empty: it can
	}{
		{file("open", 0o644), stranger, ""},
		{file("key", 0o600), stranger, "chown trawl "},
		{file("key", 0o600), owner, ""},
		{file("group", 0o640), group, ""},
		{file("group", 0o640), stranger, "chmod o+r "},
		{closed, stranger, "cannot pass the folder"},
		{filepath.Join(dir, "missing"), stranger, "no such file"},
	} {
		err := c.who.canRead(c.path)
		if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.path, err, c.says)
		}
	}
}

func TestLaunchdRefusesRoot(t *testing.T) {
	b := newBoard(t)
	b.host.platform = "darwin-launchd"
	b.wantError(b.open(func(o *Options) { o.RunAs = "root" }).Install(b.say), "must not be root", "--run-as")
	b.wantCalls()
}

func TestPropertyListOfSomebodyElseIsKept(t *testing.T) {
	b := newBoard(t)
	b.host.platform, b.host.sudoUser = "darwin-launchd", "trawl"
	b.fails["launchctl print system/trawl-broker"] = errors.New("could not find service")
	const file = "/Library/LaunchDaemons/trawl-broker.plist"
	b.write(file, "somebody's own")
	var said strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }
	if err := b.open(nil).Install(say); err != nil {
		t.Fatal(err)
	}
	if got := b.read(file + ".old"); got != "somebody's own" || !strings.Contains(said.String(), file+".old") {
		t.Errorf("kept %q, and said:\n%s", got, said.String())
	}
}

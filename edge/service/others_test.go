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
	b.host.platform = "darwin-launchd"
	b.write("/etc/passwd", "_trawl:*:400:\n")
	const file = "/Library/LaunchDaemons/trawl-broker.plist"
	notLoaded := errors.New("could not find service")
	b.fails["launchctl print system/trawl-broker"] = notLoaded
	s := b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls()
	if got := b.read(file); got != s.unit.Plist("/var/log/trawl-broker.log") || !strings.Contains(got, "<string>_trawl</string>") {
		t.Errorf("property list:\n%s", got)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("launchctl enable system/trawl-broker", "launchctl bootstrap system "+filepath.Join(b.root, file))

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
	b.wantCalls("launchctl bootout system/trawl-broker", "launchctl enable system/trawl-broker", "launchctl bootstrap system "+filepath.Join(b.root, file))
	b.calls = nil
	delete(b.fails, "launchctl print system/trawl-broker")
	if err := s.Uninstall(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("launchctl bootout system/trawl-broker")
	if b.read(file) != "(none)" {
		t.Error("the property list is still there")
	}
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
	dir := openTo(t)
	file := func(name string, mode os.FileMode) string { return fileWith(t, filepath.Join(dir, name), mode) }
	closed := file("closed/file", 0o644)
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := account{name: "trawl", uid: 1 << 30}
	owner := account{name: "trawl", uid: os.Getuid()}
	group := account{name: "trawl", uid: 1 << 30, gids: []int{os.Getgid()}}
	for _, c := range []struct {
		path string
		who  account
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
	b.host.platform = "darwin-launchd"
	b.write("/etc/passwd", "_trawl:*:400:\n")
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

// A watcher needs groups and folders that only a unit of systemd gives it.
func TestWatcherIsAServiceOfSystemdAlone(t *testing.T) {
	for _, platform := range []string{"darwin-launchd", "linux-openrc"} {
		b := newBoard(t)
		b.host.platform = platform
		s := b.open(func(o *Options) { o.Role = "watch" })
		for name, do := range map[string]func(Say) error{"install": s.Install, "plan": s.Plan} {
			if err := do(b.say); err == nil || !strings.Contains(err.Error(), "service of systemd alone") {
				t.Errorf("%s on %s: %v", name, platform, err)
			}
		}
		b.wantCalls()
	}
}

// A role account is made with the highest number that is free, and the folders that a
// daemon needs.
func TestLaunchdMakesTheRoleAccount(t *testing.T) {
	b := newBoard(t)
	b.host.platform = "darwin-launchd"
	if err := os.Remove(filepath.Join(b.root, "Library/LaunchDaemons")); err != nil {
		t.Fatal(err)
	}
	b.fails["launchctl print system/trawl-worker"] = errors.New("could not find service")
	b.tells["dscl . -list /Users UniqueID"] = "_a   400\n_b 399\nann 501\nroot 0\n"
	s := b.open(func(o *Options) { o.Role = "worker" })
	if err := s.Install(b.say); err == nil { // the account is not in the file that a test has for it
		b.wantCalls("dscl . -list /Users UniqueID", "sysadminctl -addUser _trawl -fullName trawl -roleAccount -UID 398 -home /var/empty -shell /usr/bin/false",
			"chown _trawl "+filepath.Join(b.root, "var/db/trawl"),
			"dscl . -list /Users UniqueID", "sysadminctl -addUser _trawl -fullName trawl -roleAccount -UID 398 -home /var/empty -shell /usr/bin/false")
	} else {
		t.Fatal(err)
	}
	text := b.read("/Library/LaunchDaemons/trawl-worker.plist")
	for _, want := range []string{"<string>_trawl</string>", "<string>Interactive</string>", "<key>STATE_DIRECTORY</key>", "<string>/var/db/trawl</string>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	st, err := s.Status()
	if err != nil || st.RunsAs != "_trawl" || st.Program != "/usr/local/bin/trawl" {
		t.Errorf("%+v, %v", st, err)
	}

	b.fails["dscl . -list /Users UniqueID"] = errors.New("no directory")
	b.wantError(b.open(nil).Install(b.say), "role account _trawl", "no directory", "--run-as")
}

// An agent goes into the session at the screen, or, for who came by ssh alone, into the
// user's own domain; it is found in either.
func TestLaunchdDomainOfAnAgent(t *testing.T) {
	none := errors.New("could not find domain or service")
	for name, c := range map[string]struct {
		fails []string
		want  string // domain of bootstrap
	}{
		"at the screen": {[]string{"gui/501/trawl-broker", "user/501/trawl-broker"}, "gui/501"},
		"by ssh":        {[]string{"gui/501", "gui/501/trawl-broker", "user/501/trawl-broker"}, "user/501"},
	} {
		b := newBoard(t)
		b.host.platform, b.host.uid = "darwin-launchd", 501
		for _, f := range c.fails {
			b.fails["launchctl print "+f] = none
		}
		s := b.open(func(o *Options) { o.Own = true })
		if err := s.Install(b.say); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(b.host.home, "Library/LaunchAgents/trawl-broker.plist")
		if _, err := os.Stat(filepath.Join(b.host.home, "Library/Logs")); err != nil {
			t.Errorf("%s: the folder of the log: %v", name, err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		b.wantCalls("launchctl enable "+c.want+"/trawl-broker", "launchctl bootstrap "+c.want+" "+file)

		// Later it is loaded in the user's domain, wherever this is called.
		delete(b.fails, "launchctl print user/501/trawl-broker")
		b.tells["launchctl print user/501/trawl-broker"] = "\tstate = running\n\tpid = 7\n"
		if st, err := s.Status(); err != nil || st.State != Running || st.PID != 7 {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		b.calls = nil
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		b.wantCalls("launchctl bootout user/501/trawl-broker")
	}
}

func TestLaunchdQuotesTheLastError(t *testing.T) {
	b := newBoard(t)
	b.host.platform = "darwin-launchd"
	b.write("/Library/LaunchDaemons/trawl-broker.plist", "x")
	b.tells["launchctl print system/trawl-broker"] = "\tstate = spawn scheduled\n\tlast exit code = 2\n"
	b.tells["tail -n 200 /var/log/trawl-broker.log"] = "time=1 level=ERROR msg=old\ntrawl: read key file: permission denied\ntime=2 level=INFO msg=x\n"
	st, err := b.open(nil).Status()
	if err != nil || st.State != Failing || st.LastError != "read key file: permission denied" {
		t.Errorf("%+v, %v", st, err)
	}
}

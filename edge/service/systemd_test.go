package service

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trawl/systemd"
)

func TestInstallWritesAndEnables(t *testing.T) {
	b := newBoard(t)
	s := b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("systemctl daemon-reload", "systemctl enable trawl-broker")
	if got := b.read(brokerUnit); got != unitOf(s) {
		t.Errorf("the unit is:\n%s", got)
	}
	if files := b.files("/etc/systemd/system"); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}

	// Again: the same is left alone.
	b.tells["systemctl is-enabled trawl-broker"] = "enabled\n"
	s = b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls()
	if len(b.says) != 1 || !strings.Contains(b.says[0], "nothing about it has changed") {
		t.Errorf("said %q", b.says)
	}

	// The same but disabled: enabled again.
	b.tells["systemctl is-enabled trawl-broker"] = "disabled\n"
	s = b.open(nil)
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("systemctl daemon-reload", "systemctl enable trawl-broker")
}

func TestChangedUnitRestartsOnlyWhatRuns(t *testing.T) {
	for active, restart := range map[string]bool{"active\n": true, "activating\n": true, "reloading\n": true, "inactive\n": false, "failed\n": false, "": false} {
		b := newBoard(t)
		b.write(brokerUnit, "# "+systemd.Mark+"\nof an older version")
		b.tells["systemctl is-active trawl-broker"] = active
		s := b.open(nil)
		if err := s.Install(b.say); err != nil {
			t.Fatal(err)
		}
		want := []string{"systemctl daemon-reload", "systemctl enable trawl-broker"}
		if restart {
			want = append(want, "library restart trawl-broker")
		}
		b.wantCalls(want...)
		if b.read(brokerUnit) != unitOf(s) {
			t.Error("the unit was not replaced")
		}
	}
}

func TestUnitOfSomebodyElseIsKept(t *testing.T) {
	b := newBoard(t)
	b.write(brokerUnit, "[Service]\nExecStart=mine\n")
	if err := b.open(nil).Install(b.say); err != nil {
		t.Fatal(err)
	}
	if got := b.read(brokerUnit + ".old"); got != "[Service]\nExecStart=mine\n" {
		t.Errorf("kept: %s", got)
	}
	if !slices.ContainsFunc(b.says, func(s string) bool { return strings.Contains(s, ".service.old") }) {
		t.Errorf("said %q", b.says)
	}
}

// Whatever fails, what was there before is there afterwards.
func TestInstallThatFailsLeavesThingsAsTheyWere(t *testing.T) {
	older := "# " + systemd.Mark + "\nolder"
	for _, before := range []string{"(none)", older, "[Service]\nforeign\n"} {
		for _, failing := range []string{"systemctl daemon-reload", "systemctl enable trawl-broker", "library restart trawl-broker"} {
			if before == "(none)" && strings.HasPrefix(failing, "library") {
				continue // nothing runs
			}
			b := newBoard(t)
			if before != "(none)" {
				b.write(brokerUnit, before)
				b.tells["systemctl is-active trawl-broker"] = "active"
			}
			had := b.files("/etc/systemd/system")
			b.fails[failing] = errors.New("broken")
			err := b.open(nil).Install(b.say)
			if err == nil {
				t.Fatalf("%s: no error", failing)
			}
			if got := b.read(brokerUnit); got != before {
				t.Errorf("%s failed with %q before, and after it there is %q", failing, before, got)
			}
			if files := b.files("/etc/systemd/system"); !slices.Equal(files, had) {
				t.Errorf("%s: files before %v, after %v", failing, had, files)
			}
			reloads := 0
			for _, call := range b.calls {
				if call == "systemctl daemon-reload" {
					reloads++
				}
			}
			if reloads != 2 {
				t.Errorf("%s: systemd has read its files %d times, not once for the new and once for the old", failing, reloads)
			}
			if failing != "systemctl daemon-reload" && !strings.Contains(err.Error(), "in place again") {
				t.Errorf("%s: %v", failing, err)
			}
		}
	}
}

func TestUnitThatCannotBeWritten(t *testing.T) {
	b := newBoard(t)
	if err := os.RemoveAll(filepath.Join(b.root, "etc/systemd/system")); err != nil {
		t.Fatal(err)
	}
	err := b.open(nil).Install(b.say)
	b.wantError(err, "cannot write", "nothing was changed", "folder is missing")
	b.wantCalls()
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*board)
		options func(*Options)
		says    []string
	}{
		"not root": {
			func(b *board) { b.host.uid = 1000 }, nil,
			[]string{"takes root", "sudo trawl service install broker", "--user"},
		},
		"unit of a package": {
			func(b *board) {
				b.write("/usr/lib/systemd/system/trawl-broker.service", "x")
				b.write("/var/lib/dpkg/info/other.list", "/usr/lib/systemd/system/trawl-broker.service.d\n")
				b.write("/var/lib/dpkg/info/trawl:arm64.list", "/.\n/lib/systemd/system/trawl-broker.service\n")
			}, nil,
			[]string{"belongs to the package trawl,", "systemctl enable --now trawl-broker"},
		},
		"unit of a package that dpkg does not know": {
			func(b *board) { b.write("/lib/systemd/system/trawl-broker.service", "x") }, nil,
			[]string{"belongs to a package,"},
		},
		"masked": {
			func(b *board) { _ = os.Symlink("/dev/null", filepath.Join(b.root, brokerUnit)) }, nil,
			[]string{"masked", "systemctl unmask"},
		},
		"a link": {
			func(b *board) { _ = os.Symlink("/opt/unit", filepath.Join(b.root, brokerUnit)) }, nil,
			[]string{"is a link to /opt/unit"},
		},
		"program in a home": {
			nil, func(o *Options) { o.Executable = "/home/pi/trawl" },
			[]string{"does not see /home", "sudo install -m 755 /home/pi/trawl /usr/local/bin/trawl"},
		},
		"no user and none to make it": {
			func(b *board) {
				b.write("/etc/passwd", "root:x:0:0::/:/bin/sh\nnotrawl:x:1:1::/:/x\n")
				b.host.find = func(string) error { return errors.New("not found") }
			}, nil,
			[]string{"the user trawl, which is missing", "make it by hand"},
		},
		"user cannot be made": {
			func(b *board) {
				b.write("/etc/passwd", "root:x:0:0::/:/bin/sh\n")
				b.host.run = func(name string, _ ...string) (string, error) { return "", errors.New(name + ": read-only") }
			}, nil,
			[]string{"could not be made", "systemd-sysusers: read-only", "useradd: read-only"},
		},
		"another user that is missing": {
			nil, func(o *Options) { o.RunAs = "ann" },
			[]string{"no user ann", "--run-as"},
		},
		"rules in a home": {
			nil, func(o *Options) { o.Files = []string{"/home/pi/words.txt"} },
			[]string{"/home/pi/words.txt: a service does not see /home"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t)
			if c.prepare != nil {
				c.prepare(b)
			}
			s := b.open(c.options)
			b.wantError(s.Install(b.say), c.says...)
			b.wantCalls()
			if strings.Contains(b.read(brokerUnit), systemd.Mark) {
				t.Error("it was installed")
			}
		})
	}
}

func TestMakesTheUser(t *testing.T) {
	b := newBoard(t)
	b.write("/etc/passwd", "root:x:0:0::/:/bin/sh\n")
	b.host.find = func(name string) error {
		if name == "systemd-sysusers" {
			return errors.New("not found")
		}
		return nil
	}
	if err := b.open(nil).Install(b.say); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.calls[1], "useradd --system") && !strings.HasPrefix(b.calls[0], "useradd --system") {
		t.Errorf("ran %q", b.calls)
	}
}

func TestServiceOfTheCallingUser(t *testing.T) {
	b := newBoard(t)
	b.host.uid = 1000
	s := b.open(func(o *Options) { o.Own, o.Role, o.Executable = true, "worker", "/home/ann/bin/trawl" })
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("systemctl --user daemon-reload", "systemctl --user enable trawl-worker")
	if unit := b.read("/home/ann/.config/systemd/user/trawl-worker.service"); strings.Contains(unit, "\nUser=") || !strings.Contains(unit, "WantedBy=default.target") {
		t.Errorf("unit:\n%s", unit)
	}
}

func TestWatcherReadsLogs(t *testing.T) {
	b := newBoard(t)
	s := b.open(func(o *Options) { o.Role = "watch" })
	if err := s.Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("systemctl daemon-reload", "systemctl enable trawl-watch")
	unit := b.read("/etc/systemd/system/trawl-watch.service")
	for _, line := range []string{"User=trawl", "SupplementaryGroups=adm systemd-journal", "LogsDirectory=trawl", "StateDirectory=trawl", "RuntimeDirectory=trawl"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("%s is missing:\n%s", line, unit)
		}
	}
	show := "User=trawl\nSupplementaryGroups=adm systemd-journal\nProtectSystem=strict\nFragmentPath=/etc/systemd/system/trawl-watch.service\nActiveState=active\n"
	if st := parseStatus(s, show); !slices.Contains(st.writable, "/var/log/trawl") || !slices.Contains(st.groups, "adm") {
		t.Errorf("writes to %q as %q", st.writable, st.groups)
	}
}

func TestDryRunDoesNothing(t *testing.T) {
	b := newBoard(t)
	b.host.uid = 1000
	s := b.open(func(o *Options) { o.Instance, o.Arguments = "b", []string{"--name", "b"} })
	if err := s.Plan(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls()
	if files := b.files("/etc/systemd/system"); len(files) > 0 {
		t.Errorf("wrote %v", files)
	}
	all := strings.Join(b.says, "\n")
	for _, want := range []string{unitOf(s), "systemctl enable trawl-broker-b", "trawl-broker-b.service:"} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not say %q but:\n%s", want, all)
		}
	}
}

func TestUninstall(t *testing.T) {
	b := newBoard(t)
	if err := b.open(nil).Install(b.say); err != nil {
		t.Fatal(err)
	}
	b.write("/etc/trawl/trawl.yaml", "x")
	if err := b.open(nil).Uninstall(b.say); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("systemctl stop trawl-broker", "systemctl disable trawl-broker", "systemctl daemon-reload", "systemctl reset-failed trawl-broker")
	if b.read(brokerUnit) != "(none)" || b.read("/etc/trawl/trawl.yaml") != "x" {
		t.Error("the unit is still there, or the configuration is not")
	}

	s := b.open(nil)
	b.wantError(s.Uninstall(b.say), "is not installed")
	b.write(brokerUnit, "[Service]\nforeign\n")
	b.wantError(s.Uninstall(b.say), "was not made by trawl service install")
	b.write(brokerUnit, unitOf(s))
	b.fails["systemctl stop trawl-broker"] = errors.New("busy")
	b.wantError(s.Uninstall(b.say), "stays installed")
	if b.read(brokerUnit) != unitOf(s) {
		t.Error("a service that did not stop is gone")
	}
}

func TestStatusOfSystemd(t *testing.T) {
	for name, c := range map[string]struct {
		show string
		want State
		last string
	}{
		"running":                {"LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=12\nStatusText=1 worker\nResult=success", Running, ""},
		"reloading":              {"LoadState=loaded\nActiveState=reloading\nSubState=reload\nMainPID=12", Running, ""},
		"compiling":              {"LoadState=loaded\nActiveState=activating\nSubState=start\nResult=success", Starting, ""},
		"crash loop, in between": {"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\nExecMainStatus=2\nNRestarts=7", Failing, "it ended with status 2"},
		"crash loop, starting":   {"LoadState=loaded\nActiveState=activating\nSubState=start\nResult=watchdog\nNRestarts=7", Failing, "watchdog"},
		"failed":                 {"LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=oom-kill", Failing, "oom-kill"},
		"stopped":                {"LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success", Stopped, ""},
		"not there":              {"LoadState=not-found\nActiveState=inactive\nSubState=dead\nMemoryCurrent=[not set]", NotInstalled, ""},
	} {
		b := newBoard(t)
		s := b.open(nil)
		b.tells[showCommand+"trawl-broker.service"] = c.show + "\n"
		st, err := s.Status()
		if err != nil || st.State != c.want || st.LastExit != c.last {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
	}
}

func TestControl(t *testing.T) {
	b := newBoard(t)
	s := b.open(nil)
	show := showCommand + "trawl-broker.service"
	b.tells[show] = "LoadState=loaded\nActiveState=failed\nResult=exit-code\nExecMainStatus=2\n"
	for verb, do := range map[string]func() error{"start": s.Start, "stop": s.Stop, "restart": s.Restart} {
		b.calls = nil
		if err := do(); err != nil {
			t.Error(err)
		}
		b.wantCalls("library " + verb + " trawl-broker")
		b.fails["library "+verb+" trawl-broker"] = errors.New("exit status 1")
		b.wantError(do(), "did not "+verb, "it ended with status 2", "journalctl -u trawl-broker")
	}
	b.tells[show] = "LoadState=not-found\n"
	b.wantError(s.Start(), "is not installed", "sudo trawl service install broker")
}

func TestNoServiceManager(t *testing.T) {
	for name, prepare := range map[string]func(*board){
		"none":                    func(b *board) { b.host.platform = "" },
		"container":               func(b *board) { b.host.platform = "unix-systemv"; b.write("/proc/1/comm", "bash\n") },
		"systemd is only a guest": func(b *board) { _ = os.RemoveAll(filepath.Join(b.root, "run/systemd")) },
	} {
		b := newBoard(t)
		prepare(b)
		if _, err := open(Options{Role: "broker"}, b.host); !errors.Is(err, errNoManager) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesOfServices(t *testing.T) {
	b := newBoard(t)
	for name, ok := range map[string]bool{"": true, "zwei": true, "pi-2.b_c": true, "a b": false, "../x": false, "a/b": false, "ü": false, "a%n": false, "-x": false, ".x": false, "a\nb": false, strings.Repeat("a", 101): false} {
		if _, err := open(Options{Role: "worker", Instance: name}, b.host); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := open(Options{Role: "client"}, b.host); err == nil {
		t.Error("no error for a role that is none")
	}
}

package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trawl/edge/board"
	"trawl/edge/config"
)

// well is a Pi 4 on which everything is as it should be.
func well(t *testing.T) *Host {
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte(strings.Repeat("word\n", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Worker.Rules = map[string][]string{"default": {words}}
	return &Host{
		Facts:       board.Facts{Model: "Raspberry Pi 4", OS: "linux", Arch: "arm64", Cores: 4, Memory: 2 << 30},
		Health:      board.Health{Celsius: 48, Available: 1 << 30, PowerSensor: true},
		SystemSetup: board.SystemSetup{CPU: "v8", MemoryCgroup: true, Flash: "/dev/mmcblk0p2", Swap: []board.Swap{{Device: "/dev/zram0", Bytes: 1 << 20}}},
		Build:       "arm64", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Clock:       func() (bool, bool) { return true, true },
		MemoryLimit: 512 << 20, LimitComesOf: "control group",
		Free:   func(dir string) (int64, bool) { return 1 << 30, dir == "/var" },
		Config: c, ConfigFile: "/etc/trawl/trawl.yaml", StateDir: "/var/lib/trawl",
		Cached:    func([]string, string) (int64, bool) { return 0, false },
		Listen:    func(string) error { return nil },
		Ping:      func(context.Context, string) (string, error) { return "", errors.New("no trawl") },
		Reach:     func(context.Context, string) (bool, error) { return false, nil },
		Services:  []Service{{Name: "trawl-worker", State: "running", RunsAs: "trawl", Program: "/usr/bin/trawl", Config: "/etc/trawl/trawl.yaml"}},
		Programs:  []string{"/usr/bin/trawl"},
		Installed: func(string) bool { return false },
		Running:   func(string) bool { return false },
		InMemory:  func(string) (bool, bool) { return true, true },
	}
}

// watching is a configuration that follows a file and the journal.
func watching(p *Host) {
	p.Config.Watch.Sources = []config.WatchSource{
		{Name: "web", File: &config.WatchFiles{Paths: []string{"/var/log/nginx/*.log"}}}, {Name: "journal", Journal: &config.WatchJournal{}},
	}
	p.Followed = []Pattern{{Source: "web", Pattern: "/var/log/nginx/*.log", Files: 2}}
}

func TestWatcherThatIsWell(t *testing.T) {
	p := well(t)
	watching(p)
	p.Services[0].Written = 8192
	found := Check(t.Context(), p)
	for _, f := range found {
		if f.Verdict != OK {
			t.Errorf("%+v", f)
		}
	}
	if s := says(found, "watch"); s != "2 sources, 2 files matched now" {
		t.Errorf("watch: %q", s)
	}
	if s := says(found, "services"); !strings.Contains(s, "has written 8.2 kB to disk") {
		t.Errorf("services: %q", s)
	}
}

func TestBoardThatIsWell(t *testing.T) {
	for _, f := range Check(t.Context(), well(t)) {
		if f.Verdict != OK || f.Do != "" {
			t.Errorf("%+v", f)
		}
	}
}

// Each change makes exactly one finding worse.
func TestWhatIsFound(t *testing.T) {
	inUse := errors.New("address already in use")
	for name, c := range map[string]struct {
		change  func(*Host)
		verdict Verdict
		what    string
		says    string // in what it says or what to do
	}{
		"build for an older processor": {func(p *Host) { p.Build, p.SystemSetup.CPU = "arm 6", "v7" }, Warning, "program", "linux-armv7"},
		"under-voltage":                {func(p *Host) { p.Health.UnderVoltage = true }, Fault, "power", "power supply"},
		"hot":                          {func(p *Host) { p.Health.Hot = true }, Warning, "heat", "cool it"},
		"throttled":                    {func(p *Host) { p.Health.Throttled = true }, Warning, "heat", "slowed down"},
		"memory cgroup off":            {func(p *Host) { p.SystemSetup.MemoryCgroup = false }, Warning, "memory cgroup", "cgroup_enable=memory"},
		"swap on the card":             {func(p *Host) { p.SystemSetup.Swap[0].Device = "/var/swap" }, Warning, "swap", "swapoff"},
		"clock not set":                {func(p *Host) { p.Now = time.Unix(0, 0) }, Warning, "clock", "1970"},
		"clock not synchronised":       {func(p *Host) { p.Clock = func() (bool, bool) { return false, true } }, Warning, "clock", "timedatectl"},
		"journal on the card":          {func(p *Host) { p.SystemSetup.JournalOnDisk = true }, Warning, "memory card", "Storage=volatile"},
		"disk full":                    {func(p *Host) { p.Free = func(string) (int64, bool) { return 0, true } }, Fault, "disk", "full"},
		"disk nearly full":             {func(p *Host) { p.Free = func(string) (int64, bool) { return 5 << 20, true } }, Warning, "disk", "5.2 MB left"},
		"little memory":                {func(p *Host) { p.Health.Available = 60 << 20 }, Warning, "memory", "62.9 MB"},
		"broken configuration": {
			func(p *Host) { p.ConfigError = errors.New("trawl.yaml:3: unknown key x") }, Fault, "configuration", "trawl.yaml:3",
		},
		"open to all": {func(p *Host) { p.Config.Broker.Insecure = true }, Warning, "keys", "insecure"},
		"key that is missing": {
			func(p *Host) { p.Config.Security.Key = "/nowhere/key" }, Fault, "keys", "/nowhere/key",
		},
		"rules that are missing": {
			func(p *Host) { p.Config.Worker.Rules["x"] = []string{"/nowhere/words"} }, Fault, "rules", "/nowhere/words",
		},
		"rules that do not fit": {
			func(p *Host) { p.Cached = func([]string, string) (int64, bool) { return 2 << 30, true } }, Fault, "rules", "only 1.1 GB",
		},
		"rules that take most": {
			func(p *Host) { p.Cached = func([]string, string) (int64, bool) { return 600 << 20, true } }, Warning, "rules", "more than half",
		},
		"ports taken where no broker is meant to be": {
			func(p *Host) { p.Listen = func(string) error { return inUse } }, Warning, "ports", "something else has it",
		},
		"ports taken where a broker is": {
			func(p *Host) {
				p.Listen = func(string) error { return inUse }
				p.Installed = func(role string) bool { return role == "broker" }
			}, Fault, "ports", "tcp://127.0.0.1:5555",
		},
		"broker away": {
			func(p *Host) {
				p.Reach = func(context.Context, string) (bool, error) { return false, errors.New("connection refused") }
			}, Warning, "broker", "waits for it",
		},
		"broker that refuses the key": {
			func(p *Host) {
				p.Reach = func(context.Context, string) (bool, error) {
					return true, errors.New("peer closed the connection during the handshake; it may not allow our public key X")
				}
			}, Fault, "broker", "allowed keys",
		},
		"HTTP in place of a broker": {
			func(p *Host) {
				p.Reach = func(context.Context, string) (bool, error) {
					return true, errors.New("protocol error: peer speaks HTTP, not ZeroMQ")
				}
			}, Fault, "broker", "5556",
		},
		"state folder that cannot be written": {
			func(p *Host) { p.Unwritable = errors.New("/srv/x cannot be made: /srv is not a directory") }, Fault, "disk", "not a directory",
		},
		"service that fails": {
			func(p *Host) { p.Services[0].Fails, p.Services[0].LastError = true, "no such file" }, Fault, "services", "trawl-worker fails: no such file",
		},
		"service that fails, and nothing is known": {
			func(p *Host) { p.Services[0].Fails, p.Services[0].Restarts = true, 7 }, Fault, "services", "it was started 7 times",
		},
		"service that is refused": {
			func(p *Host) { p.Services[0].Refused = `tcp://pi1:5556: a worker named "pi2" is connected already` }, Fault, "services", "worker.name",
		},
		"service whose user cannot read its key": {
			func(p *Host) {
				p.Services[0].Problems = []error{errors.New("/etc/trawl/x.key: the user trawl cannot read it: chown trawl /etc/trawl/x.key")}
			}, Fault, "services", "chown trawl",
		},
		"service with a broken configuration of its own": {
			func(p *Host) {
				p.Services[0].Config, p.Services[0].ConfigError = "/etc/trawl/second.yaml", errors.New("second.yaml:1: unknown key x")
			}, Fault, "services", "second.yaml:1",
		},
		"agent of macOS that may not reach others": {
			func(p *Host) { p.MacOS, p.Agents = 15, []string{"trawl-worker"} }, Warning, "local network", "Privacy & Security",
		},
		"watcher whose pattern matches nothing": {
			func(p *Host) { watching(p); p.Followed[0].Files = 0 }, Warning, "watch", "no file is matched by /var/log/nginx/*.log",
		},
		"watcher without journalctl": {
			func(p *Host) { watching(p); p.Journalctl = errors.New("not found in $PATH") }, Fault, "watch", "apt install systemd",
		},
		"watcher where /run is on the card": {
			func(p *Host) { watching(p); p.InMemory = func(string) (bool, bool) { return false, true } }, Warning, "watch", "/run is on a disk",
		},
		"watcher that follows nothing": {
			func(p *Host) { p.Installed = func(role string) bool { return role == "watch" } }, Warning, "watch", "names no sources",
		},
		"a second trawl": {
			func(p *Host) { p.Programs = []string{"/usr/local/bin/trawl", "/usr/bin/trawl"} }, Warning, "program", "trawl-worker runs /usr/bin/trawl",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := well(t)
			c.change(p)
			var bad []Finding
			for _, f := range Check(t.Context(), p) {
				if f.Verdict != OK {
					bad = append(bad, f)
				}
			}
			if len(bad) != 1 || bad[0].Verdict != c.verdict || bad[0].What != c.what || !strings.Contains(bad[0].Says+bad[0].Do, c.says) {
				t.Errorf("found %+v, want one %s about %s that says %q", bad, c.verdict, c.what, c.says)
			}
		})
	}
}

func TestPortsOfOurOwnBroker(t *testing.T) {
	p := well(t)
	p.Listen = func(string) error { return errors.New("in use") }
	p.Ping = func(_ context.Context, e string) (string, error) { return "pi1", nil }
	p.Config.Broker.Clients = []string{"tcp://*:5555"}
	for _, f := range Check(t.Context(), p) {
		if f.What == "ports" && (f.Verdict != OK || !strings.Contains(f.Says, "pi1")) {
			t.Errorf("%+v", f)
		}
	}
}

func TestBrokerThatDoesNotLetUsIn(t *testing.T) {
	p := well(t)
	p.Listen = func(string) error { return errors.New("in use") }
	p.Installed = func(role string) bool { return role == "broker" }
	p.Running = p.Installed
	p.Config.Security.Key = "/run/credentials/trawl-broker.service/broker.key"
	for _, f := range Check(t.Context(), p) {
		if f.Verdict != OK {
			t.Errorf("%+v", f)
		}
	}
}

// says is what was found about one thing.
func says(findings []Finding, what string) string {
	for _, f := range findings {
		if f.What == what {
			return f.Says
		}
	}
	return ""
}

// As a virtual board is, and a kernel without memory cgroup.
func TestNothingIsClaimedThatIsNotKnown(t *testing.T) {
	p := well(t)
	p.Health, p.SystemSetup.MemoryCgroup = board.Health{Available: 1 << 30}, false
	found := Check(t.Context(), p)
	for _, what := range []string{"power", "heat"} {
		if s := says(found, what); !strings.HasPrefix(s, "not known") {
			t.Errorf("%s: %q", what, s)
		}
	}
	if s := says(found, "memory limit"); !strings.Contains(s, "537 MB") || strings.Contains(s, "MemoryMax") {
		t.Errorf("memory limit: %q", s)
	}
}

func TestSystemThatTellsNothing(t *testing.T) {
	p := well(t)
	p.Facts, p.Health, p.SystemSetup = board.Facts{OS: "darwin", Arch: "arm64", Cores: 8}, board.Health{}, board.SystemSetup{}
	p.Clock = func() (bool, bool) { return false, false }
	p.Free = func(string) (int64, bool) { return 0, false }
	p.MemoryLimit = 0
	for _, f := range Check(t.Context(), p) {
		if f.Verdict != OK {
			t.Errorf("%+v", f)
		}
	}
}

func TestEachWrongLineOfAFileIsAFindingOfItsOwn(t *testing.T) {
	p := well(t)
	p.Config.Security.Key = handedIn + "trawl/key"
	p.Config.Security.AllowedKeys = filepath.Join(t.TempDir(), "allowed.keys")
	if err := os.WriteFile(p.Config.Security.AllowedKeys, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	faults := 0
	for _, f := range Check(t.Context(), p) {
		if strings.Contains(f.Says, "\n") {
			t.Errorf("two lines in one finding: %q", f.Says)
		}
		if f.Verdict == Fault && f.What == "keys" {
			faults++
		}
	}
	if faults != 2 {
		t.Errorf("%d faults of 2 wrong lines", faults)
	}
}

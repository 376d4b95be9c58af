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
func well(t *testing.T) *Patient {
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte(strings.Repeat("word\n", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Worker.Rules = map[string][]string{"default": {words}}
	return &Patient{
		Facts:  board.Facts{Model: "Raspberry Pi 4", OS: "linux", Arch: "arm64", Cores: 4, Memory: 2 << 30},
		Health: board.Health{Celsius: 48, Available: 1 << 30, PowerSensor: true},
		Upkeep: board.Upkeep{CPU: "v8", MemoryCgroup: true, Flash: "/dev/mmcblk0p2", Swap: []board.Swap{{Device: "/dev/zram0", Bytes: 1 << 20}}},
		Build:  "arm64", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Clock:       func() (bool, bool) { return true, true },
		MemoryLimit: 512 << 20, LimitComesOf: "control group",
		Free:   func(dir string) (int64, bool) { return 1 << 30, dir == "/var" },
		Config: c, ConfigFile: "/etc/trawl/trawl.yaml", StateDir: "/var/lib/trawl",
		Kept:      func([]string, string) (int64, bool) { return 0, false },
		Listen:    func(string) error { return nil },
		Ping:      func(context.Context, string) (string, error) { return "", errors.New("no trawl") },
		Reach:     func(context.Context, string) (bool, error) { return false, nil },
		Services:  []Service{{Name: "trawl-worker", State: "running", RunsAs: "trawl", Program: "/usr/bin/trawl", Config: "/etc/trawl/trawl.yaml"}},
		Programs:  []string{"/usr/bin/trawl"},
		Installed: func(string) bool { return false },
		Running:   func(string) bool { return false },
	}
}

func TestBoardThatIsWell(t *testing.T) {
	for _, f := range Examine(t.Context(), well(t)) {
		if f.Verdict != OK || f.Do != "" {
			t.Errorf("%+v", f)
		}
	}
}

// Each change makes exactly one finding worse.
func TestWhatIsFound(t *testing.T) {
	inUse := errors.New("address already in use")
	for name, c := range map[string]struct {
		change  func(*Patient)
		verdict Verdict
		what    string
		says    string // in what it says or what to do
	}{
		"build for an older processor": {func(p *Patient) { p.Build, p.Upkeep.CPU = "arm 6", "v7" }, Remark, "program", "linux-armv7"},
		"under-voltage":                {func(p *Patient) { p.Health.UnderVoltage = true }, Fault, "power", "power supply"},
		"hot":                          {func(p *Patient) { p.Health.Hot = true }, Remark, "heat", "cool it"},
		"throttled":                    {func(p *Patient) { p.Health.Throttled = true }, Remark, "heat", "slowed down"},
		"memory cgroup off":            {func(p *Patient) { p.Upkeep.MemoryCgroup = false }, Remark, "memory cgroup", "cgroup_enable=memory"},
		"swap on the card":             {func(p *Patient) { p.Upkeep.Swap[0].Device = "/var/swap" }, Remark, "swap", "swapoff"},
		"clock not set":                {func(p *Patient) { p.Now = time.Unix(0, 0) }, Remark, "clock", "1970"},
		"clock not synchronised":       {func(p *Patient) { p.Clock = func() (bool, bool) { return false, true } }, Remark, "clock", "timedatectl"},
		"journal on the card":          {func(p *Patient) { p.Upkeep.JournalOnDisk = true }, Remark, "memory card", "Storage=volatile"},
		"disk full":                    {func(p *Patient) { p.Free = func(string) (int64, bool) { return 0, true } }, Fault, "disk", "full"},
		"disk nearly full":             {func(p *Patient) { p.Free = func(string) (int64, bool) { return 5 << 20, true } }, Remark, "disk", "5.0 MiB left"},
		"little memory":                {func(p *Patient) { p.Health.Available = 60 << 20 }, Remark, "memory", "60 MiB"},
		"broken configuration": {
			func(p *Patient) { p.ConfigError = errors.New("trawl.yaml:3: unknown key x") }, Fault, "configuration", "trawl.yaml:3",
		},
		"open to all": {func(p *Patient) { p.Config.Broker.Insecure = true }, Remark, "keys", "insecure"},
		"key that is missing": {
			func(p *Patient) { p.Config.Security.Key = "/nowhere/key" }, Fault, "keys", "/nowhere/key",
		},
		"rules that are missing": {
			func(p *Patient) { p.Config.Worker.Rules["x"] = []string{"/nowhere/words"} }, Fault, "rules", "/nowhere/words",
		},
		"rules that do not fit": {
			func(p *Patient) { p.Kept = func([]string, string) (int64, bool) { return 2 << 30, true } }, Fault, "rules", "only 1.0 GiB",
		},
		"rules that take most": {
			func(p *Patient) { p.Kept = func([]string, string) (int64, bool) { return 600 << 20, true } }, Remark, "rules", "more than half",
		},
		"ports taken where no broker is meant to be": {
			func(p *Patient) { p.Listen = func(string) error { return inUse } }, Remark, "ports", "something else has it",
		},
		"ports taken where a broker is": {
			func(p *Patient) {
				p.Listen = func(string) error { return inUse }
				p.Installed = func(role string) bool { return role == "broker" }
			}, Fault, "ports", "tcp://127.0.0.1:5555",
		},
		"broker away": {
			func(p *Patient) {
				p.Reach = func(context.Context, string) (bool, error) { return false, errors.New("connection refused") }
			}, Remark, "broker", "waits for it",
		},
		"broker that refuses the key": {
			func(p *Patient) {
				p.Reach = func(context.Context, string) (bool, error) {
					return true, errors.New("peer closed the connection during the handshake; it may not allow our public key X")
				}
			}, Fault, "broker", "allowed keys",
		},
		"HTTP in place of a broker": {
			func(p *Patient) {
				p.Reach = func(context.Context, string) (bool, error) {
					return true, errors.New("protocol error: peer speaks HTTP, not ZeroMQ")
				}
			}, Fault, "broker", "5556",
		},
		"state folder that cannot be written": {
			func(p *Patient) { p.Unwritable = errors.New("/srv/x cannot be made: /srv is not a directory") }, Fault, "disk", "not a directory",
		},
		"service that fails": {
			func(p *Patient) { p.Services[0].Fails, p.Services[0].LastError = true, "no such file" }, Fault, "services", "trawl-worker fails: no such file",
		},
		"service that fails, and nothing is known": {
			func(p *Patient) { p.Services[0].Fails, p.Services[0].Restarts = true, 7 }, Fault, "services", "it was started 7 times",
		},
		"service that is refused": {
			func(p *Patient) { p.Services[0].Refused = `tcp://pi1:5556: a worker named "pi2" is connected already` }, Fault, "services", "worker.name",
		},
		"service whose user cannot read its key": {
			func(p *Patient) {
				p.Services[0].Problems = []error{errors.New("/etc/trawl/x.key: the user trawl cannot read it: chown trawl /etc/trawl/x.key")}
			}, Fault, "services", "chown trawl",
		},
		"service with a broken configuration of its own": {
			func(p *Patient) {
				p.Services[0].Config, p.Services[0].ConfigError = "/etc/trawl/second.yaml", errors.New("second.yaml:1: unknown key x")
			}, Fault, "services", "second.yaml:1",
		},
		"agent of macOS that may not reach others": {
			func(p *Patient) { p.MacOS, p.Agents = 15, []string{"trawl-worker"} }, Remark, "local network", "Privacy & Security",
		},
		"a second trawl": {
			func(p *Patient) { p.Programs = []string{"/usr/local/bin/trawl", "/usr/bin/trawl"} }, Remark, "program", "trawl-worker runs /usr/bin/trawl",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := well(t)
			c.change(p)
			var bad []Finding
			for _, f := range Examine(t.Context(), p) {
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
	for _, f := range Examine(t.Context(), p) {
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
	for _, f := range Examine(t.Context(), p) {
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
	p.Health, p.Upkeep.MemoryCgroup = board.Health{Available: 1 << 30}, false
	found := Examine(t.Context(), p)
	for _, what := range []string{"power", "heat"} {
		if s := says(found, what); !strings.HasPrefix(s, "not known") {
			t.Errorf("%s: %q", what, s)
		}
	}
	if s := says(found, "memory limit"); !strings.Contains(s, "512 MiB") || strings.Contains(s, "MemoryMax") {
		t.Errorf("memory limit: %q", s)
	}
}

func TestSystemThatTellsNothing(t *testing.T) {
	p := well(t)
	p.Facts, p.Health, p.Upkeep = board.Facts{OS: "darwin", Arch: "arm64", Cores: 8}, board.Health{}, board.Upkeep{}
	p.Clock = func() (bool, bool) { return false, false }
	p.Free = func(string) (int64, bool) { return 0, false }
	p.MemoryLimit = 0
	for _, f := range Examine(t.Context(), p) {
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
	for _, f := range Examine(t.Context(), p) {
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

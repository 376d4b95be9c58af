package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/zmtp"
)

// loopback is the name of the loopback interface: lo, lo0.
var loopback = func() string {
	list, _ := net.Interfaces()
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	return "localhost" // a system that tells none
}()

// longestPath is the most bytes of a socket's path on this system.
var longestPath = strconv.Itoa(len(syscall.RawSockaddrUnix{}.Path) - 1)

func TestCheckSaysAllThatIsWrong(t *testing.T) {
	tests := []struct {
		name string
		set  string // KEY VALUE, separated by "; "
		want []string
	}{
		{"open to the network", "broker.clients tcp://*:5555", []string{
			"flag --x: broker.clients: tcp://*:5555 can be reached from the network, where anybody could then read and answer; " +
				"make keys with trawl keygen and give --key, or allow it with --insecure (broker.insecure: true) on a network you trust",
		}},
		{"open on purpose", "broker.clients tcp://*:5555; broker.insecure true", nil},
		{"loopback of both families", "broker.clients tcp://[::1]:5555,tcp://localhost:1,tcp://127.1.2.3:2,ipc:///x", nil},
		{"malformed endpoints", "client.brokers pi1:5555,tcp://pi1,udp://a:1,tcp://*:5555,tcp://pi1:0,tcp://pi1:70000,ipc://", []string{
			`flag --x: client.brokers: "pi1:5555" is not an endpoint; write it with its transport, tcp://pi1:5555`,
			`flag --x: client.brokers: endpoint tcp://pi1: "pi1" has no port; write it like pi1:5555 (by default 5555 is for clients, 5556 for workers, 5580 for HTTP)`,
			`flag --x: client.brokers: endpoint udp://a:1: unknown transport "udp"; there are tcp and ipc`,
			`flag --x: client.brokers: endpoint tcp://*:5555: to connect, a host must be named instead of "*"`,
			`flag --x: client.brokers: endpoint tcp://pi1:0: "0" is not a port; it must be a number up to 65535`,
			`flag --x: client.brokers: endpoint tcp://pi1:70000: "70000" is not a port; it must be a number up to 65535`,
			`flag --x: client.brokers: endpoint ipc:// needs a path; write it like ipc:///run/trawl/clients`,
		}},
		{"paths that no socket can have", "broker.clients ipc://@; broker.workers ipc:///run/" + strings.Repeat("a", 200) + "; client.brokers ipc://*", []string{
			`flag --x: broker.clients: endpoint ipc://@ needs a path; write it like ipc:///run/trawl/clients`,
			`flag --x: broker.workers: endpoint ipc:///run/` + strings.Repeat("a", 200) + ` has a path of 205 bytes; the system allows ` + longestPath + `; write it like ipc:///run/trawl/clients`,
			`flag --x: client.brokers: endpoint ipc://* needs a path; write it like ipc:///run/trawl/clients`,
		}},
		{"the HTTP port as an endpoint", "client.brokers http://pi1:5580", []string{
			"flag --x: client.brokers: endpoint http://pi1:5580 is one for HTTP; this takes one for ZeroMQ, like tcp://127.0.0.1:5555: its port is that of broker.clients or broker.workers, not of http.listen",
		}},
		{"the loopback interface by name", "broker.clients tcp://" + loopback + ":5555; http.listen " + loopback + ":5580", nil},
		{"an interface that there is not", "broker.clients tcp://nosuch0:5555", []string{
			"flag --x: broker.clients: tcp://nosuch0:5555 can be reached from the network, where anybody could then read and answer; " +
				"make keys with trawl keygen and give --key, or allow it with --insecure (broker.insecure: true) on a network you trust" +
				" (this machine has no interface nosuch0; there are " + zmtp.Interfaces() + ")",
		}},
		{"keys of others without one of our own", "security.allowed_keys a; security.server_key s", []string{
			"flag --x: security.server_key: needs a key of our own: make one with trawl keygen, and name it with security.key (--key)",
			"flag --x: security.allowed_keys: needs a key of our own: make one with trawl keygen, and name it with security.key (--key)",
		}},
		{"no endpoint", "worker.brokers ,", []string{`flag --x: worker.brokers: needs an endpoint, such as tcp://127.0.0.1:5555`}},
		{"more rule sets than a worker serves", "worker.rules " + manyRules(401), []string{
			"flag --x: worker.rules: 401 rule sets; a worker serves at most 400: put several lists into one, or run further workers",
		}},
		{"as many as it serves", "worker.rules " + manyRules(400), nil},
		{"an endpoint twice", "worker.brokers tcp://pi1:5556,tcp://pi2:5556,tcp://pi1:5556", []string{
			`flag --x: worker.brokers: tcp://pi1:5556 is given twice`,
		}},
		{"one endpoint for two", "broker.workers tcp://127.0.0.1:5555", []string{
			`flag --x: broker.workers: tcp://127.0.0.1:5555 is used already by broker.clients; each needs an endpoint of its own`,
		}},
		{"any port for two", "broker.workers tcp://127.0.0.1:0; broker.clients tcp://127.0.0.1:0", nil},
		{"http open to the network, with a key", "security.key k; security.allowed_keys a; http.listen *:5580", []string{
			"flag --x: http.listen: *:5580 can be reached from the network, and HTTP has no keys: whoever reaches it reads the status and, with http.match, asks; " +
				"listen on 127.0.0.1, or allow it with --insecure (broker.insecure: true) on a network you trust",
		}},
		{"metrics of a watcher open to the network", "watch.http *:5581", []string{
			"flag --x: watch.http: *:5581 can be reached from the network, and HTTP has no keys: whoever reaches it reads what rules match; " +
				"listen on 127.0.0.1, or allow it with broker.insecure: true on a network you trust",
		}},
		{"metrics of a watcher on this machine", "watch.http 127.0.0.1:5581", nil},
		{"http open on purpose", "http.listen 0.0.0.0:5580; broker.insecure true", nil},
		{"http on a port alone", "http.listen 5580", []string{
			`flag --x: http.listen: address 5580: "5580" is a port without a host; write it like 127.0.0.1:5580; or write off`,
		}},
		{"http as an endpoint", "http.listen tcp://127.0.0.1:5580", []string{
			`flag --x: http.listen: "tcp://127.0.0.1:5580" is not HOST:PORT; write it like 127.0.0.1:5580, or off`,
		}},
		{"match without http", "http.match true; http.listen off", []string{
			"flag --x: http.match: needs a port to listen on, and http.listen (--http) is off",
		}},
		{"ranges", "worker.slots -1; client.timeout 0s; limits.queue 2000000", []string{
			"flag --x: worker.slots: -1 is too small; at least 0",
			"flag --x: client.timeout: 0s is too small; at least 1ms",
			"flag --x: limits.queue: 2000000 is too large; at most 1000000",
		}},
		{"choices", "log.level loud", []string{`flag --x: log.level: "loud" is not one of debug, info, warn, error`}},
		{"limits that contradict", "limits.text 40MiB; limits.memory 1MB", []string{
			"flag --x: limits.text: 40MiB is more than a whole request may have (limits.request, 32MiB)",
			"flag --x: limits.memory: 1MB has no room for one request (limits.request, 32MiB)",
		}},
		{"names", "worker.name a b; broker.expect.rules x@y", []string{
			`flag --x: worker.name: "a b" is not a name; it must do without spaces, characters that cannot be seen, and any of @ = , / \ "`,
			`flag --x: broker.expect.rules: "x@y" is not a name; it must do without spaces, characters that cannot be seen, and any of @ = , / \ "`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Default()
			for kv := range strings.SplitSeq(tt.set, "; ") {
				key, value, _ := strings.Cut(kv, " ")
				if err := c.Set(key, value, "flag --x"); err != nil {
					t.Fatal(err)
				}
			}
			var got string
			if err := c.Check(); err != nil {
				got = err.Error()
			}
			if want := strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]Size{
		"0": 0, "7": 7, "7B": 7, "16MiB": 16 << 20, "16 mib": 16 << 20, "8MB": 8e6, "2kB": 2000, "2KiB": 2048, "1GiB": 1 << 30, "3gb": 3e9,
	} {
		got, err := ParseSize(s)
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v", s, got, err)
		}
		if again, err := ParseSize(got.String()); err != nil || again != got {
			t.Errorf("%s: shown as %s, which is %d, %v", s, got, again, err)
		}
	}
	for _, s := range []string{"", "MiB", "-1", "1.5MiB", "1M", "9223372036854775807GiB", "0x10", "1 2"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: got %d", s, got)
		}
	}
}

func TestHedgeIsAPercentileOfAPureRuleSet(t *testing.T) {
	for set, says := range map[RulePolicy]string{
		{Idempotent: true}:                "",
		{Idempotent: true, Hedge: "off"}:  "",
		{Idempotent: true, Hedge: "p95"}:  "",
		{Idempotent: true, Hedge: "p9"}:   `a: hedge "p9" is neither off nor p50 to p99`,
		{Idempotent: true, Hedge: "95"}:   `a: hedge "95" is neither off nor p50 to p99`,
		{Idempotent: true, Hedge: "p100"}: `a: hedge "p100" is neither off nor p50 to p99`,
		{Hedge: "p95"}:                    "a: hedge asks twice, which idempotent: false forbids",
	} {
		c := Default()
		c.Broker.RuleSets = map[string]RulePolicy{"a": set}
		err := c.Check()
		if (says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", set, err, says)
		}
	}
}

// manyRules is n rule sets, each of one file.
func manyRules(n int) string {
	sets := make([]string, n)
	for i := range sets {
		sets[i] = fmt.Sprintf("s%d=words.txt", i)
	}
	return strings.Join(sets, ",")
}

// The typed settings that the rest of trawl reads.

package config

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// DefaultPath is the file that Load reads when it is given none. It is set before
// anything else runs, if at all: by tests, which read nothing of the machine, and by
// go build -ldflags '-X trawl/edge/config.DefaultPath=PATH'.
var DefaultPath = "/etc/trawl/trawl.yaml"

// Config holds every setting. The keys, units and defaults of the fields are
// in the table of keys.go.
type Config struct {
	Broker   Broker
	Worker   Worker
	Client   Client
	Watch    Watch
	Security Security
	Limits   Limits
	HTTP     HTTP
	Log      Log

	origins map[string]string // by key: where its value came from; absent: default
	ignored []string          // TRAWL_… variables that are no setting
	hasFile bool              // one was read
}

// Broker holds the settings of `trawl broker`.
type Broker struct {
	Clients      []string // endpoints to listen on for clients
	Workers      []string // endpoints to listen on for workers
	Insecure     bool     // allow endpoints that others on the network can reach
	Name         string
	Expect       Expect
	Plain        []Plain
	RuleSets     map[string]RuleSet // use Config.RuleSet to read one
	DrainTimeout time.Duration
	Heartbeat    time.Duration
}

// Expect names what the broker waits for although it has not seen it yet.
type Expect struct {
	Rules   []string
	Workers []string
}

// Plain is one more endpoint for REP workers of other makes.
type Plain struct {
	Endpoint string
	Rules    string // the rule set that workers there serve
}

// RuleSet says how the broker treats the requests for one rule set.
type RuleSet struct {
	Pure  bool   // may be asked twice
	Queue int    // most requests waiting; 0: limits.queue
	Hedge string // p50 to p99; empty: off
}

// HedgePercent is the percentile in Hedge, 0 if it is off or not valid.
func (r RuleSet) HedgePercent() int {
	n, err := strconv.Atoi(strings.TrimPrefix(r.Hedge, "p"))
	if err != nil || len(r.Hedge) != 3 || n < 50 || n > 99 {
		return 0
	}
	return n
}

// Worker holds the settings of `trawl worker`.
type Worker struct {
	Name         string
	Brokers      []string            // endpoints to connect to
	Slots        int                 // requests worked on at once; 0: one per core
	Rules        map[string][]string // rule set name to files
	Escalate     []Escalation
	StateDir     string // where compiled rules are kept; empty: see keys.go
	DrainTimeout time.Duration
}

// Escalation says which texts a worker sends on to others.
type Escalation struct {
	Rules    string   // own rule set; empty: each
	Tags     []string // of rules that decide; with Severity empty, too: all rules do
	Severity []string // the same
	To       string   // rule set to ask; empty: default
	Worker   string   // the one worker to ask; empty: any

	line int // in the file
}

// Client holds the settings of the commands that ask a broker.
type Client struct {
	Brokers   []string // endpoints to connect to
	Spread    bool     // requests go to all of them in turn
	Heartbeat time.Duration
	Timeout   time.Duration
}

// Security holds the files with the keys of CURVE. With Key set, nothing that
// trawl opens or connects to is without it.
type Security struct {
	Key         string // file with this process's own key pair
	ServerKey   string // the broker's public key in Z85, or a file with it
	AllowedKeys string // file with the keys that a broker admits, and their roles
	Refuse      string // hold, permanent
}

// On reports whether CURVE is configured.
func (s *Security) On() bool { return s.Key != "" }

// Limits bounds what one request, and all of them together, may take.
type Limits struct {
	Text    Size // one text
	Request Size // all frames of a request
	Frame   Size // hard limit: the connection is closed
	Texts   int  // per request
	Matches int  // per request
	Answer  Size // per request
	Queue   int  // requests waiting per rule set
	// Priority is the highest that requests of clients may have.
	Priority int
	Memory   Size // all that the broker holds; 0: the smaller of 64 MiB and an eighth of RAM
}

// HTTP holds the settings of the broker's HTTP port.
type HTTP struct {
	Listen string // HOST:PORT; see On
	Match  bool   // POST /match
}

// On reports whether the broker listens for HTTP.
func (h *HTTP) On() bool { return h.Listen != "" && h.Listen != "off" }

// Log holds the settings of the log on stderr.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // text, json
}

// Default returns the settings that hold when nothing is said. The names of
// broker, worker and watcher are the host's name.
func Default() *Config {
	c := &Config{origins: map[string]string{}}
	for i := range keys {
		k := &keys[i]
		if k.Default == "" {
			continue
		}
		if err := setText(k.at(c), k.Default); err != nil {
			panic("config: default of " + k.Path + ": " + err.Error()) // held by a test
		}
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	c.Broker.Name, c.Worker.Name, c.Watch.Name = host, host, host
	return c
}

// Load reads the file at path and then the environment, a list of
// "NAME=value" as os.Environ returns it. An empty path stands for DefaultPath,
// which need not exist. A returned error is of type Problems and names all of
// them; the Config then holds what was right. Check is left to the caller, as
// flags come after Load.
func Load(path string, env []string) (*Config, error) {
	c := Default()
	var problems Problems
	problems = append(problems, c.loadFile(path)...)
	problems = append(problems, c.loadEnv(env)...)
	return c, problems.err()
}

// Set gives the key a value written as on a command line; origin says where
// it came from, such as "flag --slots", and stands in front of errors.
// Setting a list again from the same origin adds to it (a flag given twice),
// anything else replaces what was there.
func (c *Config) Set(key, value, origin string) error {
	k, ok := Lookup(key)
	if !ok {
		return Problem{origin, unknownKey(key)}
	}
	if c.origins[key] != origin {
		clearList(k.at(c))
	}
	if err := setText(k.at(c), value); err != nil {
		return Problem{origin, key + ": " + err.Error()}
	}
	c.origins[key] = origin
	return nil
}

// Origin says where the value of key came from: "default", "FILE:LINE",
// "env NAME", or the origin given to Set.
func (c *Config) Origin(key string) string {
	if o := c.origins[key]; o != "" {
		return o
	}
	return "default"
}

// IsSet reports whether key was given a value anywhere.
func (c *Config) IsSet(key string) bool { return c.origins[key] != "" }

// Ignored returns the names of the TRAWL_… variables that Load found and that
// are no settings of trawl (container systems make such), for a warning.
func (c *Config) Ignored() []string { return c.ignored }

// HasFile reports whether Load has found a configuration file.
func (c *Config) HasFile() bool { return c.hasFile }

// RuleSet returns how requests for the named rule set are treated: its entry
// in broker.rule_sets, or the default; Queue is filled in from limits.queue.
func (c *Config) RuleSet(name string) RuleSet {
	r, ok := c.Broker.RuleSets[name]
	if !ok {
		r = RuleSet{Pure: true}
	}
	if r.Queue == 0 {
		r.Queue = c.Limits.Queue
	}
	return r
}

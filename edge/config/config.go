package config

// Config: the typed settings for the rest of trawl.

import (
	"os"
	"strconv"
	"strings"
	"time"

	"trawl/edge/problem"
)

// DefaultPath is the file for a Load without a path. It may be changed before anything else runs:
// by tests, which read nothing of the machine, and by go build -ldflags '-X
// trawl/edge/config.DefaultPath=PATH'.
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

	origins map[string]string // by key: the origin of the value; absent: default
	ignored []string          // TRAWL_… variables without a setting
	hasFile bool              // a configuration file was read
}

// Broker holds the settings of `trawl broker`.
type Broker struct {
	Clients      []string // endpoints to listen on for clients
	Workers      []string // endpoints to listen on for workers
	Insecure     bool     // allow endpoints that other machines can reach
	Name         string
	Expect       Expect
	Plain        []Plain
	RuleSets     map[string]RulePolicy // read through Config.RulePolicy
	DrainTimeout time.Duration
	Heartbeat    time.Duration
}

// Expect names rule sets and workers whose requests wait before they are first seen.
type Expect struct {
	Rules   []string
	Workers []string
}

// Plain is an endpoint for plain workers (REP sockets).
type Plain struct {
	Endpoint string
	Rules    string // the rule set of workers at the endpoint
}

// RulePolicy says how the broker treats requests for a rule set.
type RulePolicy struct {
	Idempotent bool   // may be asked twice
	Queue      int    // most requests waiting; 0: limits.queue
	Hedge      string // p50 to p99; empty: off
}

// HedgePercent returns the percentile in Hedge; 0 if Hedge is off or not valid.
func (r RulePolicy) HedgePercent() int {
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
	Slots        int                 // requests matched at once; 0: one per core
	Rules        map[string][]string // rule set name to files
	Escalate     []Escalation
	StateDir     string // where compiled rules are kept; empty: see keys.go
	DrainTimeout time.Duration
}

// Escalation says which texts a worker sends on.
type Escalation struct {
	Rules    string   // own rule set; empty: each
	Tags     []string // matches of rules with these tags count; empty with Severity: all matches do
	Severity []string // matches of rules with these severities count
	To       string   // rule set to ask; empty: default
	Worker   string   // the worker to ask; empty: any

	line int // in the file
}

// Client holds the settings of commands that ask a broker.
type Client struct {
	Brokers   []string // endpoints to connect to
	Spread    bool     // requests go to all brokers in turn
	Heartbeat time.Duration
	Timeout   time.Duration
}

// Security holds the files with CURVE keys. With Key set, every endpoint and connection of trawl
// uses CURVE.
type Security struct {
	Key         string // file with this process's own key pair
	ServerKey   string // the broker's public key in Z85, or a file with the key
	AllowedKeys string // file with the allowed keys and their roles
	Refuse      string // hold, permanent
}

// On reports whether CURVE is configured.
func (s *Security) On() bool { return s.Key != "" }

// Limits bounds single requests, and all of them together.
type Limits struct {
	Text    Size // of a text
	Request Size // all frames of a request
	Frame   Size // hard limit: the connection is closed
	Texts   int  // per request
	Matches int  // per request
	Answer  Size // per request
	Queue   int  // requests waiting per rule set
	// Priority is the highest priority of clients' requests.
	Priority int
	Memory   Size // of everything that the broker holds; 0: the smaller of 64 MiB and an eighth of RAM
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

// Default returns the default settings. Broker, worker and watcher have the name of the host.
func Default() *Config {
	c := &Config{origins: map[string]string{}}
	for i := range keys {
		k := &keys[i]
		if k.Default == "" {
			continue
		}
		if err := k.value(c).set(k.Default); err != nil {
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

// Load reads the file at path, then the environment, a list of "NAME=value" as of os.Environ. An
// empty path stands for DefaultPath, which need not exist. The error is a problem.List; the Config
// then holds the valid settings. The caller calls Check after setting the flags.
func Load(path string, env []string) (*Config, error) {
	c := Default()
	var problems problem.Collector
	c.loadFile(path, &problems)
	c.loadEnv(env, &problems)
	return c, problems.Err()
}

// Set sets the key to a value in the form of a command line. origin, such as "flag --slots", is the
// beginning of errors. Setting a list again from the same origin adds to the list (a flag given
// twice); anything else replaces the value.
func (c *Config) Set(key, value, origin string) error {
	k, ok := Lookup(key)
	if !ok {
		return problem.Problem{File: origin, Message: unknownKey(key)}
	}
	v := k.value(c)
	if c.origins[key] != origin {
		v.clear()
	}
	if err := v.set(value); err != nil {
		return problem.Problem{File: origin, Message: key + ": " + err.Error()}
	}
	c.origins[key] = origin
	return nil
}

// origin says where the value of key came from: "default", "FILE:LINE",
// "env NAME", or the origin given to Set.
func (c *Config) origin(key string) string {
	if o := c.origins[key]; o != "" {
		return o
	}
	return "default"
}

// IsSet reports whether key was given a value anywhere.
func (c *Config) IsSet(key string) bool { return c.origins[key] != "" }

// Ignored returns the names of TRAWL_… variables without a setting, for a warning. Container
// systems make variables of this form.
func (c *Config) Ignored() []string { return c.ignored }

// HasFile reports whether Load has found a configuration file.
func (c *Config) HasFile() bool { return c.hasFile }

// RulePolicy returns how requests for the named rule set are treated: by the entry in
// broker.rule_sets, or by default. Queue is filled in from limits.queue.
func (c *Config) RulePolicy(name string) RulePolicy {
	r, ok := c.Broker.RuleSets[name]
	if !ok {
		r = RulePolicy{Idempotent: true}
	}
	if r.Queue == 0 {
		r.Queue = c.Limits.Queue
	}
	return r
}

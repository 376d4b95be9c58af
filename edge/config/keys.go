package config

// The table of all keys.

import "strings"

// Key describes one setting.
type Key struct {
	Path    string   // as in the file, with dots: "broker.clients"
	Env     string   // environment variable; empty: in the file only
	Flag    string   // command-line flag without dashes; empty: none
	Default string   // written as on a command line; empty: the type's zero
	Min     string   // smallest value allowed; empty: no bound
	Max     string   // largest value allowed; empty: no bound
	Choices []string // the only values allowed; empty: any
	Doc     string   // meaning, for help texts and the reference

	at func(*Config) any // the field: a pointer to a type of valueOf
}

// Type names the kind of value the key takes, for people.
func (k *Key) Type() string { return k.value(&unset).kind() }

// value returns the key's value in c.
func (k *Key) value(c *Config) value { return valueOf(k.at(c)) }

var unset Config // only for its types

// keys lists all settings in the order of the output.
var keys = []Key{
	{
		Path: "broker.clients", Env: "TRAWL_BROKER_CLIENTS", Flag: "clients", Default: "tcp://127.0.0.1:5555",
		Doc: "Endpoints that clients connect to: `tcp://HOST:PORT` (an address, `*` for all of them, or a network interface such as `eth0`, whose first IPv4 address is taken), or `ipc://PATH`. Anything but loopback needs security.key, or broker.insecure.",
		at:  func(c *Config) any { return &c.Broker.Clients },
	},
	{
		Path: "broker.workers", Env: "TRAWL_BROKER_WORKERS", Flag: "workers", Default: "tcp://127.0.0.1:5556",
		Doc: "Endpoints that workers connect to, written as those for clients. Anything but loopback needs security.key, or broker.insecure.",
		at:  func(c *Config) any { return &c.Broker.Workers },
	},
	{
		Path: "broker.insecure", Env: "TRAWL_BROKER_INSECURE", Flag: "insecure", Default: "false",
		Doc: "Allow endpoints that others on the network can reach without keys: whoever reaches them can ask, become a worker and read every text.",
		at:  func(c *Config) any { return &c.Broker.Insecure },
	},
	{
		Path: "broker.name", Env: "TRAWL_BROKER_NAME", Flag: "name",
		Doc: "The broker's name in logs and status; the host's name by default.",
		at:  func(c *Config) any { return &c.Broker.Name },
	},
	{
		Path: "broker.expect.rules", Env: "TRAWL_BROKER_EXPECT_RULES",
		Doc: "Rule sets whose requests wait until their deadline even if no worker has served them yet (`default` always is).",
		at:  func(c *Config) any { return &c.Broker.Expect.Rules },
	},
	{
		Path: "broker.expect.workers", Env: "TRAWL_BROKER_EXPECT_WORKERS",
		Doc: "Workers, by name, whose requests wait until their deadline even if they have not been seen yet.",
		at:  func(c *Config) any { return &c.Broker.Expect.Workers },
	},
	{
		Path: "broker.plain",
		Doc:  "Further endpoints for plain REP workers, each for one rule set: a list of `{endpoint: tcp://127.0.0.1:5557, rules: NAME}`. A REP worker at broker.workers serves `default`: next to trawl workers that serve it, too, clients get answers in two forms in turn, which the log and `trawl status` say. An endpoint here with a rule set of its own keeps them apart.",
		at:   func(c *Config) any { return &c.Broker.Plain },
	},
	{
		Path: "broker.rule_sets",
		Doc:  "How requests for a rule set are treated, by name: `NAME: {idempotent: true, queue: 4096, hedge: p95}`. `idempotent` (true): asking twice is harmless, so a lost worker's requests go to another; `queue` (limits.queue): most requests waiting; `hedge` (off): a request that takes longer than that share (p50 to p99) of the recent ones goes to a second, idle worker as well, at most one in twenty, and the first answer counts.",
		at:   func(c *Config) any { return &c.Broker.RuleSets },
	},
	{
		Path: "broker.drain_timeout", Env: "TRAWL_BROKER_DRAIN_TIMEOUT", Flag: "drain-timeout", Default: "10s", Min: "0s", Max: "1h",
		Doc: "How long queued and running requests may still take once the broker is told to stop.",
		at:  func(c *Config) any { return &c.Broker.DrainTimeout },
	},
	{
		Path: "broker.heartbeat", Env: "TRAWL_BROKER_HEARTBEAT", Default: "1s", Min: "10ms", Max: "1m",
		Doc: "Time between the heartbeats of broker and workers, in a fleet of up to 256 workers; a larger one has longer intervals in proportion, in steps of 256.",
		at:  func(c *Config) any { return &c.Broker.Heartbeat },
	},

	{
		Path: "worker.name", Env: "TRAWL_WORKER_NAME", Flag: "name",
		Doc: "The worker's name, by which requests can designate it; the host's name by default. Two live workers cannot share one.",
		at:  func(c *Config) any { return &c.Worker.Name },
	},
	{
		Path: "worker.brokers", Env: "TRAWL_WORKER_BROKERS", Flag: "broker", Default: "tcp://127.0.0.1:5556",
		Doc: "Worker endpoints of all brokers to serve.",
		at:  func(c *Config) any { return &c.Worker.Brokers },
	},
	{
		Path: "worker.slots", Env: "TRAWL_WORKER_SLOTS", Flag: "slots", Default: "0", Min: "0", Max: "1024",
		Doc: "Requests worked on at once; 0 is one per core.",
		at:  func(c *Config) any { return &c.Worker.Slots },
	},
	{
		Path: "worker.rules", Env: "TRAWL_WORKER_RULES", Flag: "rules",
		Doc: "Rule sets to serve, each with its word lists and rule files, or one pack: in the file `NAME: [FILE, …]`, elsewhere `NAME=FILE,FILE`; without a name `default`. Loaded again when the files change, and on SIGHUP. Paths in the configuration file start at its folder.",
		at:  func(c *Config) any { return &c.Worker.Rules },
	},
	{
		Path: "worker.escalate",
		Doc:  "Texts in which this worker finds something are sent on to others, which have more rules, and the answer holds what both have found: a list of `{rules: NAME, when: any, to: NAME}`. `rules` (each that the worker has): the rule set whose matches count; `when` (any): any match, or `{tags: [TAG, …]}` or `{severity: [high, critical]}` for matches of such rules only; `to`: the rule set to ask, or `{worker: NAME, rules: NAME}` for one worker alone (rules: default).",
		at:   func(c *Config) any { return &c.Worker.Escalate },
	},
	{
		Path: "worker.state_dir", Env: "TRAWL_WORKER_STATE_DIR", Flag: "state-dir",
		Doc: "Folder in which the worker keeps compiled rules, in `packs/`, so that a restart does not compile again and workers on one board share memory; it can be deleted at any time. A path in the configuration file starts at its folder. By default systemd's STATE_DIRECTORY, else `trawl` in the user's cache folder.",
		at:  func(c *Config) any { return &c.Worker.StateDir },
	},
	{
		Path: "worker.drain_timeout", Env: "TRAWL_WORKER_DRAIN_TIMEOUT", Flag: "drain-timeout", Default: "10s", Min: "0s", Max: "1h",
		Doc: "How long requests that the worker has may still take once it is told to stop.",
		at:  func(c *Config) any { return &c.Worker.DrainTimeout },
	},

	{
		Path: "client.brokers", Env: "TRAWL_BROKER", Flag: "broker", Default: "tcp://127.0.0.1:5555",
		Doc: "Client endpoints of the brokers to ask, the preferred one first; the others are asked while it is away.",
		at:  func(c *Config) any { return &c.Client.Brokers },
	},
	{
		Path: "client.spread", Env: "TRAWL_CLIENT_SPREAD", Flag: "spread", Default: "false",
		Doc: "Give requests to all brokers in turn, in place of all to the first that is up.",
		at:  func(c *Config) any { return &c.Client.Spread },
	},
	{
		Path: "client.heartbeat", Env: "TRAWL_CLIENT_HEARTBEAT", Default: "1s", Min: "10ms", Max: "1m",
		Doc: "Time between the signs of life that a client asks of its brokers; one that was silent for three of them is lost, and what it had goes to another.",
		at:  func(c *Config) any { return &c.Client.Heartbeat },
	},
	{
		Path: "client.timeout", Env: "TRAWL_CLIENT_TIMEOUT", Flag: "timeout", Default: "10s", Min: "1ms", Max: "24h",
		Doc: "How long an answer may take; sent along as the request's deadline.",
		at:  func(c *Config) any { return &c.Client.Timeout },
	},

	{
		Path: "watch.name", Env: "TRAWL_WATCH_NAME",
		Doc: "The watcher's name, `board` in its events; the host's name by default.",
		at:  func(c *Config) any { return &c.Watch.Name },
	},
	{
		Path: "watch.rules", Env: "TRAWL_WATCH_RULES", Flag: "rules", Default: "default",
		Doc: "Rule sets to match against: those of worker.rules in this process, or with client.brokers those of a fleet.",
		at:  func(c *Config) any { return &c.Watch.Rules },
	},
	{
		Path: "watch.state_dir", Env: "TRAWL_WATCH_STATE_DIR", Flag: "state",
		Doc: "Folder in which the watcher keeps how far it has read, and events that nobody has taken yet; two watchers cannot share one. A path in the configuration file starts at its folder. By default `watch` in systemd's STATE_DIRECTORY, else in the user's cache folder; a watcher whose sources or sinks come from the command line keeps nothing without that flag.",
		at:  func(c *Config) any { return &c.Watch.StateDir },
	},
	{
		Path: "watch.http", Env: "TRAWL_WATCH_HTTP", Flag: "http", Default: "off",
		Doc: "Where the watcher listens for HTTP, HOST:PORT such as 127.0.0.1:5581, or `off`: `/metrics`, `/healthz`. HTTP has no keys and is not encrypted, so anything but loopback needs broker.insecure.",
		at:  func(c *Config) any { return &c.Watch.HTTP },
	},
	{
		Path: "watch.sources",
		Doc:  "What to read: a list with one of `file`, `journal`, `syslog`, `mqtt` and `stdin` in each item, beside it `name` and `labels: {NAME: VALUE}`, as in `{name: web, file: {paths: [/var/log/nginx/*.log]}}`. docs/watching.md describes each.",
		at:   func(c *Config) any { return &c.Watch.Sources },
	},
	{
		Path: "watch.sinks",
		Doc:  "Whom to tell: a list with one of `webhook`, `exec`, `mqtt`, `file` and `stdout` in each item, beside it `name`, `filter`, `rate_limit`, `when_full` and `include`, as in `{name: phone, filter: {severity: [high]}, webhook: {format: ntfy, url: \"https://ntfy.sh/attic\"}}`. docs/watching.md describes each.",
		at:   func(c *Config) any { return &c.Watch.Sinks },
	},

	{
		Path: "security.key", Env: "TRAWL_SECURITY_KEY", Flag: "key",
		Doc: "File with this process's own key, made by `trawl keygen`. With it every endpoint and every connection uses CURVE: encrypted, and authenticated at both ends.",
		at:  func(c *Config) any { return &c.Security.Key },
	},
	{
		Path: "security.server_key", Env: "TRAWL_SECURITY_SERVER_KEY", Flag: "server-key",
		Doc: "The broker's public key, for its workers and clients: 40 characters of Z85, or a file with them.",
		at:  func(c *Config) any { return &c.Security.ServerKey },
	},
	{
		Path: "security.allowed_keys", Env: "TRAWL_SECURITY_ALLOWED_KEYS", Flag: "allowed-keys",
		Doc: "File with the public keys that a broker admits, a line for each: KEY ROLE [NAME], where ROLE is client, worker or admin. Read again when it changes, and on SIGHUP.",
		at:  func(c *Config) any { return &c.Security.AllowedKeys },
	},
	{
		Path: "security.refuse", Env: "TRAWL_SECURITY_REFUSE", Default: "hold",
		Choices: []string{"hold", "permanent"},
		Doc:     "What a broker does with a key that it does not admit: `hold` keeps the connection for a second and closes it, so that the peer comes back by itself once its key is admitted; `permanent` tells it to stay away.",
		at:      func(c *Config) any { return &c.Security.Refuse },
	},

	{
		Path: "limits.text", Env: "TRAWL_LIMITS_TEXT", Default: "16MiB", Min: "1KiB", Max: "1GiB",
		Doc: "Largest text; a larger one is answered `too_large`.",
		at:  func(c *Config) any { return &c.Limits.Text },
	},
	{
		Path: "limits.request", Env: "TRAWL_LIMITS_REQUEST", Default: "32MiB", Min: "1KiB", Max: "1GiB",
		Doc: "Largest request, all its texts together; a larger one is answered `too_large`.",
		at:  func(c *Config) any { return &c.Limits.Request },
	},
	{
		Path: "limits.frame", Env: "TRAWL_LIMITS_FRAME", Default: "64MiB", Min: "1KiB", Max: "1GiB",
		Doc: "Largest frame that is read at all: a connection that sends a larger one is closed.",
		at:  func(c *Config) any { return &c.Limits.Frame },
	},
	{
		Path: "limits.texts", Env: "TRAWL_LIMITS_TEXTS", Default: "65536", Min: "1", Max: "16777216",
		Doc: "Most texts in one request.",
		at:  func(c *Config) any { return &c.Limits.Texts },
	},
	{
		Path: "limits.matches", Env: "TRAWL_LIMITS_MATCHES", Default: "1000000", Min: "1", Max: "1000000000",
		Doc: "Most matches reported for one request; more are cut and the answer says `truncated`.",
		at:  func(c *Config) any { return &c.Limits.Matches },
	},
	{
		Path: "limits.answer", Env: "TRAWL_LIMITS_ANSWER", Default: "4MiB", Min: "1KiB", Max: "1GiB",
		Doc: "Largest answer. Workers cut matches beyond it, and the answer says `truncated`; the broker answers `internal` in place of one that is larger all the same, so give it the value of its workers.",
		at:  func(c *Config) any { return &c.Limits.Answer },
	},
	{
		Path: "limits.queue", Env: "TRAWL_LIMITS_QUEUE", Default: "4096", Min: "1", Max: "1000000",
		Doc: "Most requests waiting for a worker, per rule set; one more is answered `busy`. One client may take as many places as it leaves free.",
		at:  func(c *Config) any { return &c.Limits.Queue },
	},
	{
		Path: "limits.priority", Env: "TRAWL_LIMITS_PRIORITY", Default: "9", Min: "0", Max: "9",
		Doc: "Highest priority that requests of clients may have; a higher one is lowered to it. With keys, those of the role admin may use all, so that something is left for emergencies; 0 makes all clients equal.",
		at:  func(c *Config) any { return &c.Limits.Priority },
	},
	{
		Path: "limits.memory", Env: "TRAWL_LIMITS_MEMORY", Default: "0",
		Doc: "Bytes the broker holds at most in requests and answers; beyond it `busy`. One client's requests may take as much as they leave free. It also says how many connections there may be: half of it at 16 KiB each for clients, a quarter for workers. The process has at most three times as much and 32 MB resident. 0 is the smaller of 64 MiB and an eighth of the board's memory.",
		at:  func(c *Config) any { return &c.Limits.Memory },
	},

	{
		Path: "http.listen", Env: "TRAWL_HTTP_LISTEN", Flag: "http", Default: "127.0.0.1:5580",
		Doc: "Where the broker listens for HTTP, HOST:PORT, or `off`: `/metrics`, `/healthz`, `/readyz`, `/status`. HTTP has no keys and is not encrypted, so anything but loopback needs broker.insecure, even if security.key is set.",
		at:  func(c *Config) any { return &c.HTTP.Listen },
	},
	{
		Path: "http.match", Env: "TRAWL_HTTP_MATCH", Flag: "http-match", Default: "false",
		Doc: "Take requests at `POST /match` on http.listen: the body is the text, keys of the header are query parameters. Whoever reaches the port can ask, without a key.",
		at:  func(c *Config) any { return &c.HTTP.Match },
	},

	{
		Path: "log.level", Env: "TRAWL_LOG_LEVEL", Flag: "log-level", Default: "info",
		Choices: []string{"debug", "info", "warn", "error"},
		Doc:     "Least important messages that are logged.",
		at:      func(c *Config) any { return &c.Log.Level },
	},
	{
		Path: "log.format", Env: "TRAWL_LOG_FORMAT", Flag: "log-format", Default: "text",
		Choices: []string{"text", "json"},
		Doc:     "How log lines are written.",
		at:      func(c *Config) any { return &c.Log.Format },
	},
}

// Keys returns all keys in the order of the output. The caller must not change them.
func Keys() []Key { return keys }

// Lookup returns the key with the given path.
func Lookup(path string) (*Key, bool) {
	for i := range keys {
		if keys[i].Path == path {
			return &keys[i], true
		}
	}
	return nil, false
}

// isSection reports whether keys lie below path.
func isSection(path string) bool {
	for i := range keys {
		if strings.HasPrefix(keys[i].Path, path+".") {
			return true
		}
	}
	return false
}

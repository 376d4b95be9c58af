package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// load writes file, if there is one, and loads it with env.
func load(t *testing.T, file string, env ...string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trawl.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, env)
	if err != nil {
		dir := filepath.Dir(path) + string(filepath.Separator)
		return c, errorText(strings.ReplaceAll(err.Error(), dir, ""))
	}
	return c, nil
}

type errorText string

func (e errorText) Error() string { return string(e) }

func TestDefaults(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if host == "" {
		host = "localhost"
	}
	want := &Config{
		Broker: Broker{
			Clients: []string{"tcp://127.0.0.1:5555"}, Workers: []string{"tcp://127.0.0.1:5556"},
			Name: host, DrainTimeout: 10 * time.Second, Heartbeat: time.Second,
		},
		Worker:   Worker{Name: host, Brokers: []string{"tcp://127.0.0.1:5556"}, DrainTimeout: 10 * time.Second},
		Client:   Client{Brokers: []string{"tcp://127.0.0.1:5555"}, Heartbeat: time.Second, Timeout: 10 * time.Second},
		Watch:    Watch{Name: host, Rules: []string{"default"}, HTTP: "off"},
		Security: Security{Refuse: "hold"},
		Limits: Limits{
			Text: 16 << 20, Request: 32 << 20, Frame: 64 << 20, Texts: 65536,
			Matches: 1000000, Answer: 4 << 20, Queue: 4096, Priority: 9,
		},
		HTTP:    HTTP{Listen: "127.0.0.1:5580"},
		Log:     Log{Level: "info", Format: "text"},
		origins: map[string]string{},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestEachSourceOverridesTheOneBefore(t *testing.T) {
	const file = "worker:\n  slots: 2\n  name: file\n  brokers: [tcp://a:1, tcp://b:2]\n"
	c, err := load(t, file, "TRAWL_WORKER_SLOTS=3", "TRAWL_WORKER_NAME=env", "PATH=/bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("worker.slots", "4", "flag --slots"); err != nil {
		t.Fatal(err)
	}
	if c.Worker.Slots != 4 || c.Worker.Name != "env" || strings.Join(c.Worker.Brokers, " ") != "tcp://a:1 tcp://b:2" {
		t.Errorf("got %+v", c.Worker)
	}
	for key, want := range map[string]string{
		"worker.slots": "flag --slots", "worker.name": "env TRAWL_WORKER_NAME", "worker.drain_timeout": "default",
	} {
		if got := c.origin(key); got != want {
			t.Errorf("origin of %s: got %q, want %q", key, got, want)
		}
	}
	if got := c.origin("worker.brokers"); !strings.HasSuffix(got, "trawl.yaml:4") {
		t.Errorf("origin of worker.brokers: %q", got)
	}
	if !c.IsSet("worker.slots") || c.IsSet("worker.drain_timeout") {
		t.Error("IsSet is wrong")
	}
}

func TestRepeatedFlagAddsToItsListAndReplacesTheFiles(t *testing.T) {
	c, err := load(t, "worker: {brokers: [tcp://file:1], rules: {x: [x.txt]}}")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"tcp://a:1,tcp://b:2", "tcp://c:3"} {
		if err := c.Set("worker.brokers", v, "flag --broker"); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(c.Worker.Brokers, " "); got != "tcp://a:1 tcp://b:2 tcp://c:3" {
		t.Errorf("brokers: %s", got)
	}
	for _, v := range []string{"words.txt", "pii=a.yaml,b.yaml,logs=c.txt", "./d=e.txt"} {
		if err := c.Set("worker.rules", v, "flag --rules"); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]string{"default": {"words.txt", "./d=e.txt"}, "pii": {"a.yaml", "b.yaml"}, "logs": {"c.txt"}}
	if !reflect.DeepEqual(c.Worker.Rules, want) {
		t.Errorf("rules: got %v, want %v", c.Worker.Rules, want)
	}
}

func TestFileHoldsEveryType(t *testing.T) {
	const file = `
broker:
  clients: tcp://*:5555, ipc:///run/x
  insecure: true
  expect: {rules: [pii], workers: [pi2]}
  plain: [{endpoint: "tcp://127.0.0.1:5557", rules: upper}]
  rule_sets: {slow: {idempotent: false, queue: 7}, other: {}}
  drain_timeout: 2m
worker:
  rules: {default: [a.txt, /b.txt], pii: c.yaml}
limits: {text: 8MB, queue: 10}
log:
`
	c, err := load(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.Worker.Rules["default"][0])
	if !filepath.IsAbs(dir) {
		t.Errorf("a rule file's path does not start at the configuration's folder: %s", dir)
	}
	for _, check := range []struct{ got, want any }{
		{c.Broker.Clients, []string{"tcp://*:5555", "ipc:///run/x"}},
		{c.Broker.Insecure, true},
		{c.Broker.Expect, Expect{[]string{"pii"}, []string{"pi2"}}},
		{c.Broker.Plain, []Plain{{"tcp://127.0.0.1:5557", "upper"}}},
		{c.RulePolicy("slow"), RulePolicy{Idempotent: false, Queue: 7}},
		{c.RulePolicy("other"), RulePolicy{Idempotent: true, Queue: 10}},
		{c.RulePolicy("unheard of"), RulePolicy{Idempotent: true, Queue: 10}},
		{c.Broker.DrainTimeout, 2 * time.Minute},
		{c.Worker.Rules, map[string][]string{"default": {filepath.Join(dir, "a.txt"), "/b.txt"}, "pii": {filepath.Join(dir, "c.yaml")}}},
		{c.Limits.Text, Size(8e6)},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("got %v, want %v", check.got, check.want)
		}
	}
}

func TestLoadSaysAllThatIsWrong(t *testing.T) {
	tests := []struct {
		name, file string
		env        []string
		want       string
	}{
		{"unknown key, misspelt", "broker:\n  client: x\n", nil, `trawl.yaml:2: unknown key broker.client; did you mean broker.clients?`},
		{"unknown key, other section", "broker:\n  slots: 1\n", nil, `trawl.yaml:2: unknown key broker.slots; did you mean worker.slots?`},
		{"unknown section", "brokr: {}\n", nil, `trawl.yaml:1: unknown key brokr; did you mean broker?`},
		{"unknown, nothing near", "broker: {zzzzzzz: 1}\n", nil, "trawl.yaml:1: unknown key broker.zzzzzzz; `trawl config show` lists all keys"},
		{"several", "worker:\n  slots: many\nlog:\n  level: [a]\n", []string{"TRAWL_WORKER_SLOTS=x"}, `trawl.yaml:2: worker.slots: "many" is not a whole number
trawl.yaml:4: log.level: must be a single value (text)
env TRAWL_WORKER_SLOTS: worker.slots: "x" is not a whole number`},
		{"twice", "worker:\n  slots: 1\n  slots: 2\n", nil, `trawl.yaml:3: "slots" is given twice, first on line 2`},
		{"no value", "worker:\n  slots:\n", nil, `trawl.yaml:2: worker.slots: has no value; give it one (number) or remove the line`},
		{"too large", "worker: {slots: 99999999999999999999}", nil, `trawl.yaml:1: worker.slots: 99999999999999999999 is too large`},
		{"bool", "broker: {insecure: maybe}", nil, `trawl.yaml:1: broker.insecure: "maybe" is neither true nor false`},
		{"time without unit", "client: {timeout: 10}", nil, `trawl.yaml:1: client.timeout: "10" is not a time; write a number and its unit, like 500ms, 10s or 2m`},
		{"size", "limits: {text: 16 apples}", nil, `trawl.yaml:1: limits.text: "apples" is not a unit of size; write B, kB, MB, GB, KiB, MiB or GiB`},
		{"list", "broker: {clients: {a: b}}", nil, `trawl.yaml:1: broker.clients: must be a list, as in [a, b]`},
		{"list item", "broker: {clients: [[a]]}", nil, `trawl.yaml:1: broker.clients: every item of the list must be a text`},
		{"section is no mapping", "broker: 5", nil, `trawl.yaml:1: broker: must hold keys of its own, such as broker.clients`},
		{"document is no mapping", "- a", nil, `trawl.yaml:1: the configuration must consist of sections such as broker: and worker:`},
		{"key is no name", "[a]: b", nil, `trawl.yaml:1: a key must be a plain name`},
		{"two documents", "log: {level: info}\n---\nlog: {level: warn}\n", nil, `trawl.yaml:2: a second YAML document (after ---); put everything into one`},
		{"broken YAML", "log:\n  level: [a\n", nil, `trawl.yaml:2: not valid YAML: did not find expected ',' or ']'`},
		{"rules without file", "worker: {rules: {a: []}}", nil, `trawl.yaml:1: worker.rules.a: has no file`},
		{"rules of a wrong type", "worker: {rules: [a]}", nil, `trawl.yaml:1: worker.rules: must be names with their files, as in {default: [words.txt]}`},
		{"plain", "broker: {plain: [{endpoint: a}]}", nil, `trawl.yaml:1: broker.plain: each item needs an endpoint and rules, as in {endpoint: tcp://127.0.0.1:5557, rules: NAME}`},
		{"rule set key", "broker: {rule_sets: {a: {idempoten: true}}}", nil, `trawl.yaml:1: unknown key broker.rule_sets.a.idempoten; there are hedge and idempotent and queue`},
		{"misspelt variable", "", []string{"TRAWL_WORKER_SLOT=1"}, `env TRAWL_WORKER_SLOT: unknown variable; did you mean TRAWL_WORKER_SLOTS?`},
		{"variable spelt like its key", "", []string{"TRAWL_CLIENT_BROKERS=x"}, `env TRAWL_CLIENT_BROKERS: unknown variable; did you mean TRAWL_BROKER?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.file, tt.env...)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got:\n%v\nwant:\n%s", err, tt.want)
			}
		})
	}
}

func TestVariablesOfOthersAreOnlyNoted(t *testing.T) {
	c, err := load(t, "", "TRAWL_BROKER_SERVICE_HOST=10.0.0.1", "TRAWL_PORT=tcp://10.0.0.1:80", "TRAWL_BROKER=")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Ignored(), " "); got != "TRAWL_BROKER_SERVICE_HOST TRAWL_PORT" {
		t.Errorf("ignored: %s", got)
	}
	if c.IsSet("client.brokers") {
		t.Error("an empty variable was taken as a value")
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.yaml")
	for path, want := range map[string]string{
		missing: missing + ": no such configuration file; check --config",
		dir:     dir + ": cannot read the configuration: is a directory, not a regular file; name a file",
		large:   large + ": cannot read the configuration: larger than 1MiB, so it is not one",
	} {
		if _, err := Load(path, nil); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The default file need not be there; what is wrong in it is told with its name.
func TestDefaultFile(t *testing.T) {
	defer func(path string) { DefaultPath = path }(DefaultPath)
	DefaultPath = filepath.Join(t.TempDir(), "trawl.yaml")
	if c, err := Load("", nil); err != nil || c.HasFile() {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(DefaultPath, []byte("worker: {slots: 3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load("", nil); err != nil || !c.HasFile() || c.Worker.Slots != 3 || c.origin("worker.slots") != DefaultPath+":1" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := os.WriteFile(DefaultPath, []byte("workers: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("", nil); err == nil || !strings.HasPrefix(err.Error(), DefaultPath+":1: unknown key") {
		t.Errorf("%v", err)
	}
}

func TestSetRefuses(t *testing.T) {
	c := Default()
	for _, tt := range []struct{ key, value, want string }{
		{"worker.slot", "1", "flag --x: unknown key worker.slot; did you mean worker.slots?"},
		{"worker.slots", "1.5", `flag --x: worker.slots: "1.5" is not a whole number`},
		{"broker.plain", "x", "flag --x: broker.plain: can be given in the configuration file only"},
		{"worker.rules", "a=", `flag --x: worker.rules: rule set "a" has no file; write a=FILE`},
	} {
		if err := c.Set(tt.key, tt.value, "flag --x"); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.key, err, tt.want)
		}
	}
}

// What is named in place of a configuration is told by what it is.
func TestFilesTakenForAConfiguration(t *testing.T) {
	key := strings.Repeat("0", 40)
	for text, says := range map[string]string{
		"rules:\n  - {id: x, literal: a}\n":                           ":1: this is a rule file and no configuration: name it in worker.rules",
		"# pair\ncurve\n  public-key = \"x\"\n  secret-key = \"y\"\n": "this is a key pair",
		key + "\n":           "this is a single key",
		key + " client me\n": "this is a list of allowed keys",
		"TPK\x00\x01":        "this is a binary file",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n": "another program (SSH",
		"worker:\n\trules: {default: [a]}\n":              ":2: not valid YAML: a tab, where YAML wants blanks",
		"broker:\n  rules: [x]\n":                         "unknown key broker.rules",
	} {
		path := filepath.Join(t.TempDir(), "trawl.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, nil)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Count(err.Error(), "\n") > 0 || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v, want one line with %q", text, err, says)
		}
	}
}

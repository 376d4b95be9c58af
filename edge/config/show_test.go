package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestShowCanBeLoadedAgain(t *testing.T) {
	const file = `
broker:
  clients: ["tcp://*:1", "tcp://*:2"]
  insecure: on
  name: "yes"
  expect: {rules: [pii, "7"]}
  plain: [{endpoint: "tcp://127.0.0.1:5557", rules: upper}]
  rule_sets: {slow: {idempotent: false, queue: 7}, other: {}}
worker:
  name: "# odd"
  rules: {default: ["/a, b.txt"], pii: [/c.yaml]}
  releases: {pii: rules.pub}
`
	first, err := load(t, file, "TRAWL_LIMITS_TEXT=1500kB")
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := first.Show(&shown); err != nil {
		t.Fatal(err)
	}
	second, err := load(t, shown.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, shown.String())
	}
	first.origins, second.origins = nil, nil
	if len(second.Broker.Expect.Workers) == 0 {
		second.Broker.Expect.Workers = nil // [] and nothing are the same
	}
	if !reflect.DeepEqual(first, second) {
		t.Errorf("shown:\n%s\nfirst  %+v\nsecond %+v", shown.String(), first, second)
	}
}

func TestShowSaysWhereValuesComeFrom(t *testing.T) {
	c, err := load(t, "log: {level: warn}\n", "TRAWL_BROKER=tcp://pi1:5555")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("worker.rules", "a.txt,pii=b.yaml", "flag --rules"); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Show(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\n  insecure: false # default\n",
		"\n    rules: [] # default\n",
		"\n  brokers: ['tcp://pi1:5555'] # env TRAWL_BROKER\n",
		"\n  rules: {default: [a.txt], pii: [b.yaml]} # flag --rules\n",
		"\n  text: 16MiB # default\n",
		"trawl.yaml:1\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("no %q in:\n%s", line, b.String())
		}
	}
}

func TestTableIsSound(t *testing.T) {
	env, flags := map[string]bool{}, map[string]bool{}
	fields := map[any]string{}
	c := Default()
	for i := range keys {
		k := &keys[i]
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: no sentence that says what it is", k.Path)
		}
		if k.Env != "" && env[k.Env] {
			t.Errorf("%s: variable %s is used twice", k.Path, k.Env)
		}
		section, _, _ := strings.Cut(k.Path, ".")
		if f := section + " " + k.Flag; k.Flag != "" && flags[f] {
			t.Errorf("%s: flag %s is used twice", k.Path, k.Flag)
		} else {
			flags[f] = true
		}
		env[k.Env] = true
		if other := fields[k.at(c)]; other != "" {
			t.Errorf("%s: same field as %s", k.Path, other)
		}
		fields[k.at(c)] = k.Path
		_ = k.Type() // panics for a type it does not know
		if k.Min != "" {
			bound(k, k.Min)
		}
		if k.Max != "" {
			bound(k, k.Max)
		}
	}
}

func TestReferenceNamesEveryKey(t *testing.T) {
	var b strings.Builder
	if err := Reference(&b); err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		if !strings.Contains(b.String(), "| `"+k.Path+"` | ") || !strings.Contains(b.String(), k.Doc) {
			t.Errorf("%s is missing", k.Path)
		}
	}
}

// What must hold for the settings as a whole, once all of them are known.

package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Check reports every value out of its range, malformed endpoint or name, and
// settings that do not fit together, as Problems. Call it after the last Set.
func (c *Config) Check() error {
	var k checker
	k.config = c
	k.ranges()
	k.limits()
	k.endpoints()
	k.http()
	k.names()
	k.escalations()
	k.security()
	return k.problems.err()
}

type checker struct {
	config   *Config
	problems Problems
}

func (k *checker) problem(key, format string, args ...any) {
	origin := "configuration" // a default that does not go with what was set
	if k.config.IsSet(key) {
		origin = k.config.Origin(key)
	}
	k.problems = append(k.problems, Problem{origin, key + ": " + escape.Sprintf(format, args...)})
}

func (k *checker) check(key string, err error) {
	if err != nil {
		k.problem(key, "%v", err)
	}
}

// ranges holds every value against Min, Max and Choices of its key.
func (k *checker) ranges() {
	for i := range keys {
		key := &keys[i]
		value := key.at(k.config)
		if len(key.Choices) > 0 && !slices.Contains(key.Choices, text(value)) {
			k.problem(key.Path, "%q is not one of %s", text(value), strings.Join(key.Choices, ", "))
		}
		if key.Min != "" && amount(value) < bound(key, key.Min) {
			k.problem(key.Path, "%s is too small; at least %s", text(value), key.Min)
		}
		if key.Max != "" && amount(value) > bound(key, key.Max) {
			k.problem(key.Path, "%s is too large; at most %s", text(value), key.Max)
		}
	}
	for _, name := range sortedKeys(k.config.Broker.RuleSets) {
		set := k.config.Broker.RuleSets[name]
		if set.Queue < 0 {
			k.problem("broker.rule_sets", "%s: queue %d is too small; at least 1", name, set.Queue)
		}
		switch {
		case set.Hedge == "" || set.Hedge == "off":
		case set.HedgePercent() == 0:
			k.problem("broker.rule_sets", "%s: hedge %q is neither off nor p50 to p99", name, set.Hedge)
		case !set.Pure:
			k.problem("broker.rule_sets", "%s: hedge asks twice, which pure: false forbids", name)
		}
	}
}

// amount is the value of a number, size or time.
func amount(value any) int64 {
	switch v := value.(type) {
	case *int:
		return int64(*v)
	case *Size:
		return int64(*v)
	case *time.Duration:
		return int64(*v)
	}
	panic(fmt.Sprintf("config: %T has no range", value))
}

// bound reads a Min or Max of the table.
func bound(key *Key, s string) int64 {
	value := key.at(new(Config))
	if err := setText(value, s); err != nil {
		panic("config: bound of " + key.Path + ": " + err.Error()) // held by a test
	}
	return amount(value)
}

func (k *checker) limits() {
	l := &k.config.Limits
	if l.Text > l.Request {
		k.problem("limits.text", "%v is more than a whole request may have (limits.request, %v)", l.Text, l.Request)
	}
	if l.Text > l.Frame {
		k.problem("limits.text", "%v is more than a frame may have (limits.frame, %v)", l.Text, l.Frame)
	}
	if l.Answer > l.Frame {
		k.problem("limits.answer", "%v is more than a frame may have (limits.frame, %v)", l.Answer, l.Frame)
	}
	if l.Memory != 0 && l.Memory < l.Request {
		k.problem("limits.memory", "%v has no room for one request (limits.request, %v)", l.Memory, l.Request)
	}
}

func (k *checker) endpoints() {
	b := &k.config.Broker
	k.listen("broker.clients", b.Clients)
	k.listen("broker.workers", b.Workers)
	k.dial("worker.brokers", k.config.Worker.Brokers)
	k.dial("client.brokers", k.config.Client.Brokers)
	for _, p := range b.Plain {
		k.listen("broker.plain", []string{p.Endpoint})
		k.check("broker.plain", checkName(p.Rules))
	}
	used := map[string]string{} // endpoint to key
	use := func(key, endpoint string) {
		if other := used[endpoint]; other != "" && !anyPort(endpoint) {
			k.problem(key, "%s is used already by %s; each needs an endpoint of its own", endpoint, other)
		}
		used[endpoint] = key
	}
	for _, e := range b.Clients {
		use("broker.clients", e)
	}
	for _, e := range b.Workers {
		use("broker.workers", e)
	}
	for _, p := range b.Plain {
		use("broker.plain", p.Endpoint)
	}
}

func (k *checker) listen(key string, endpoints []string) {
	if len(endpoints) == 0 {
		k.problem(key, "needs an endpoint, such as tcp://127.0.0.1:5555")
	}
	for _, e := range endpoints {
		if err := CheckEndpoint(e, true); err != nil {
			k.problem(key, "%v", err)
		} else if !k.config.Security.On() && !k.config.Broker.Insecure && !IsLocal(e) {
			k.problem(key, "%s can be reached from the network, where anybody could then read and answer; "+
				"make keys with trawl keygen and give --key, or allow it with --insecure (broker.insecure: true) on a network you trust%s", e, noInterface(e))
		}
	}
}

// noInterface says of an endpoint whose host may be meant as the name of a network
// interface that there is none; empty if the host is an address or a name with a dot.
func noInterface(endpoint string) string {
	host, _, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil || host == "*" || strings.ContainsAny(host, ".:") {
		return ""
	}
	if bind, err := zmtp.BindHost(host); err != nil || bind != host {
		return "" // it is one
	}
	return fmt.Sprintf(" (this machine has no interface %s; there are %s)", host, zmtp.Interfaces())
}

// http: what is served there no key protects, so keys do not make it safe for
// others to reach.
func (k *checker) http() {
	h := &k.config.HTTP
	if !h.On() {
		if h.Match {
			k.problem("http.match", "needs a port to listen on, and http.listen (--http) is off")
		}
		return
	}
	if err := CheckHTTP(h.Listen); err != nil {
		k.problem("http.listen", "%v", err)
	} else if !k.config.Broker.Insecure && !IsLocal("tcp://"+h.Listen) {
		k.problem("http.listen", "%s can be reached from the network, and HTTP has no keys: whoever reaches it reads the status and, with http.match, asks; "+
			"listen on 127.0.0.1, or allow it with --insecure (broker.insecure: true) on a network you trust", h.Listen)
	}
}

func (k *checker) dial(key string, endpoints []string) {
	if len(endpoints) == 0 {
		k.problem(key, "needs an endpoint, such as tcp://127.0.0.1:5555")
	}
	for i, e := range endpoints {
		k.check(key, CheckEndpoint(e, false))
		if slices.Contains(endpoints[:i], e) {
			k.problem(key, "%s is given twice", e)
		}
	}
}

// security finds settings that say that CURVE is meant, without the key that
// turns it on: they must never end in a connection without it.
func (k *checker) security() {
	s := &k.config.Security
	if s.On() {
		return
	}
	const needs = "needs a key of our own: make one with trawl keygen, and name it with security.key (--key)"
	if s.ServerKey != "" {
		k.problem("security.server_key", needs)
	}
	if s.AllowedKeys != "" {
		k.problem("security.allowed_keys", needs)
	}
}

func (k *checker) names() {
	c := k.config
	k.check("broker.name", checkName(c.Broker.Name))
	k.check("worker.name", checkName(c.Worker.Name))
	k.check("watch.name", checkName(c.Watch.Name))
	if len(c.Watch.Rules) == 0 {
		k.problem("watch.rules", "needs a rule set, such as default")
	}
	for i, n := range c.Watch.Rules {
		k.check("watch.rules", checkName(n))
		if slices.Contains(c.Watch.Rules[:i], n) {
			k.problem("watch.rules", "%s is given twice", n)
		}
	}
	for _, n := range c.Broker.Expect.Rules {
		k.check("broker.expect.rules", checkName(n))
	}
	for _, n := range c.Broker.Expect.Workers {
		k.check("broker.expect.workers", checkName(n))
	}
	for _, n := range sortedKeys(c.Broker.RuleSets) {
		k.check("broker.rule_sets", checkName(n))
	}
	if n := len(c.Worker.Rules); n > wire.MaxRuleSets {
		k.problem("worker.rules", "%d rule sets; a worker serves at most %d: put several lists into one, or run further workers", n, wire.MaxRuleSets)
	}
	for _, n := range sortedKeys(c.Worker.Rules) {
		k.check("worker.rules", checkName(n))
	}
}

// checkName says whether s can be the name of a rule set, worker or broker:
// it must survive in NAME=FILE, NAME@HASH, lists with commas, and logs.
func checkName(s string) error {
	bad := func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`@=,/\"`, r)
	}
	switch {
	case s == "":
		return fmt.Errorf("a name must not be empty")
	case len(s) > 255:
		return fmt.Errorf("a name must not be longer than 255 bytes")
	case !utf8.ValidString(s), strings.ContainsFunc(s, bad):
		return fmt.Errorf(`%q is not a name; it must do without spaces, characters that cannot be seen, and any of @ = , / \ "`, s)
	}
	return nil
}

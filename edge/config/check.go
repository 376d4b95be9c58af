package config

// Checks of the settings as a whole, once all are known.

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"trawl/edge/names"
	"trawl/edge/problem"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Check returns a problem.List of all values out of range, malformed endpoints and names, and
// contradictions between settings. Call it after the last Set.
func (c *Config) Check() error {
	var k checker
	k.config = c
	k.ranges()
	k.limits()
	k.endpoints()
	k.http()
	k.watchHTTP()
	k.names()
	k.escalations()
	k.security()
	return k.problems.Err()
}

type checker struct {
	config   *Config
	problems problem.Collector
}

func (k *checker) problem(key, format string, args ...any) {
	origin := "configuration" // a default that contradicts a setting
	if k.config.IsSet(key) {
		origin = k.config.origin(key)
	}
	k.problems.Add(origin, 0, key+": "+format, args...)
}

func (k *checker) check(key string, err error) {
	if err != nil {
		k.problem(key, "%v", err)
	}
}

// ranges compares every value with Min, Max and Choices of the key.
func (k *checker) ranges() {
	for i := range keys {
		key := &keys[i]
		value := key.value(k.config)
		if len(key.Choices) > 0 && !slices.Contains(key.Choices, fmt.Sprint(value)) {
			k.problem(key.Path, "%q is not one of %s", fmt.Sprint(value), strings.Join(key.Choices, ", "))
		}
		if key.Min != "" && amount(value) < bound(key, key.Min) {
			k.problem(key.Path, "%s is too small; at least %s", fmt.Sprint(value), key.Min)
		}
		if key.Max != "" && amount(value) > bound(key, key.Max) {
			k.problem(key.Path, "%s is too large; at most %s", fmt.Sprint(value), key.Max)
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
		case !set.Idempotent:
			k.problem("broker.rule_sets", "%s: hedge asks twice, which idempotent: false forbids", name)
		}
	}
}

func amount(v value) int64 { return v.(number).amount() }

// bound reads a Min or Max of the table.
func bound(key *Key, s string) int64 {
	v := key.value(new(Config))
	if err := v.set(s); err != nil {
		panic("config: bound of " + key.Path + ": " + err.Error()) // held by a test
	}
	return amount(v)
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
		k.check("broker.plain", names.Check(p.Rules))
	}
	used := map[string]string{} // endpoint to key
	use := func(key, endpoint string) {
		if other := used[endpoint]; other != "" && !takesFreePort(endpoint) {
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
		if err := checkEndpoint(e, true); err != nil {
			k.problem(key, "%v", err)
		} else if !k.config.Security.On() && !k.config.Broker.Insecure && !zmtp.IsLocal(e) {
			k.problem(key, "%s can be reached from the network, where anybody could then read and answer; "+
				"make keys with trawl keygen and give --key, or allow it with --insecure (broker.insecure: true) on a network you trust%s", e, noInterface(e))
		}
	}
}

// noInterface returns a hint that no network interface has the endpoint's host as its name; empty
// if the host is an interface, an address or a name with a dot.
func noInterface(endpoint string) string {
	host, _, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil || host == "*" || strings.ContainsAny(host, ".:") {
		return ""
	}
	if bind, err := zmtp.BindHost(host); err != nil || bind != host {
		return "" // an interface
	}
	return fmt.Sprintf(" (this machine has no interface %s; there are %s)", host, zmtp.Interfaces())
}

// http ignores security.key: keys do not protect HTTP, so they do not make it safe for others to
// reach.
func (k *checker) http() {
	h := &k.config.HTTP
	if !h.On() {
		if h.Match {
			k.problem("http.match", "needs a port to listen on, and http.listen (--http) is off")
		}
		return
	}
	if err := checkHTTP(h.Listen); err != nil {
		k.problem("http.listen", "%v", err)
	} else if !k.config.Broker.Insecure && !zmtp.IsLocal("tcp://"+h.Listen) {
		k.problem("http.listen", "%s can be reached from the network, and HTTP has no keys: whoever reaches it reads the status and, with http.match, asks; "+
			"listen on 127.0.0.1, or allow it with --insecure (broker.insecure: true) on a network you trust", h.Listen)
	}
}

// watchHTTP checks watch.http as http.listen is checked.
func (k *checker) watchHTTP() {
	listen := k.config.Watch.HTTP
	if listen == "" || listen == "off" {
		return
	}
	if err := checkHTTP(listen); err != nil {
		k.problem("watch.http", "%v", err)
	} else if !k.config.Broker.Insecure && !zmtp.IsLocal("tcp://"+listen) {
		k.problem("watch.http", "%s can be reached from the network, and HTTP has no keys: whoever reaches it reads what rules match; "+
			"listen on 127.0.0.1, or allow it with broker.insecure: true on a network you trust", listen)
	}
}

func (k *checker) dial(key string, endpoints []string) {
	if len(endpoints) == 0 {
		k.problem(key, "needs an endpoint, such as tcp://127.0.0.1:5555")
	}
	for i, e := range endpoints {
		k.check(key, checkEndpoint(e, false))
		if slices.Contains(endpoints[:i], e) {
			k.problem(key, "%s is given twice", e)
		}
	}
}

// security finds settings for CURVE without the key that turns CURVE on. They must never lead to a
// connection without CURVE.
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
	k.check("broker.name", names.Check(c.Broker.Name))
	k.check("worker.name", names.Check(c.Worker.Name))
	k.check("watch.name", names.Check(c.Watch.Name))
	if len(c.Watch.Rules) == 0 {
		k.problem("watch.rules", "needs a rule set, such as default")
	}
	for i, n := range c.Watch.Rules {
		k.check("watch.rules", names.Check(n))
		if slices.Contains(c.Watch.Rules[:i], n) {
			k.problem("watch.rules", "%s is given twice", n)
		}
	}
	for _, n := range c.Broker.Expect.Rules {
		k.check("broker.expect.rules", names.Check(n))
	}
	for _, n := range c.Broker.Expect.Workers {
		k.check("broker.expect.workers", names.Check(n))
	}
	for _, n := range sortedKeys(c.Broker.RuleSets) {
		k.check("broker.rule_sets", names.Check(n))
	}
	if n := len(c.Worker.Rules); n > wire.MaxRuleSets {
		k.problem("worker.rules", "%d rule sets; a worker serves at most %d: put several lists into one, or run further workers", n, wire.MaxRuleSets)
	}
	for _, n := range sortedKeys(c.Worker.Rules) {
		k.check("worker.rules", names.Check(n))
	}
}

package mdns

// Browsing: who offers a service on the local network.

import (
	"context"
	"net/netip"
	"sort"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// maxInstances is how many instances of a service are kept, and how many hosts.
const maxInstances = 64

// Instance is one offer of a service. What is in it, a host has said of itself: show it with
// package escape.
type Instance struct {
	Name      string       // "pi1 3f2a", unique on the network
	Host      string       // "pi1.local"
	Port      uint16       // of TCP or UDP, as the service has it
	Text      []string     // "key=value"
	Addresses []netip.Addr // those of IPv4 first
	Interface string       // by which the host was heard first
}

// Value returns the value of a key in the instance's text, and whether the text has it. Keys are
// compared without regard to case; the first one counts (RFC 6763, section 6.4).
func (i *Instance) Value(key string) (value string, ok bool) {
	for _, s := range i.Text {
		if k, v, _ := strings.Cut(s, "="); strings.EqualFold(k, key) {
			return v, true
		}
	}
	return "", false
}

// Browse asks for the instances of service, such as _trawl._tcp, until ctx ends, and returns those
// of which port and address are known, by their names. asked is the interfaces that the query went
// out by, also if nobody has answered, which is no error.
func Browse(ctx context.Context, service string) (found []Instance, asked []Interface, err error) {
	return standard.browse(ctx, service)
}

func (q *querier) browse(ctx context.Context, service string) ([]Instance, []Interface, error) {
	b := browser{service: service + ".local", instances: make(map[string]*Instance), hosts: make(map[string]*addresses)}
	asked, err := q.query(ctx, b.questions, func(a answer) bool {
		b.take(a)
		return false
	})
	return b.list(), asked, err
}

// browser gathers the answers about one service.
type browser struct {
	service   string                // with .local
	instances map[string]*Instance  // by whole name in lower case; at most maxInstances
	hosts     map[string]*addresses // by name in lower case; at most maxInstances
}

// questions returns what is not known yet: which instances there are, and what those known lack.
// Most hosts say all of it in their first answer.
func (b *browser) questions() []question {
	list := []question{{b.service, dnsmessage.TypePTR}}
	for name, i := range b.instances {
		host := b.hosts[strings.ToLower(i.Host)]
		switch {
		case i.Port == 0:
			list = append(list, question{name, dnsmessage.TypeSRV}, question{name, dnsmessage.TypeTXT})
		case host == nil || len(*host) == 0:
			list = append(list, question{i.Host, dnsmessage.TypeA}, question{i.Host, dnsmessage.TypeAAAA})
		}
	}
	return list
}

// take notes what one answer says.
func (b *browser) take(a answer) {
	for _, r := range a.records {
		if r.kind == dnsmessage.TypePTR && strings.EqualFold(r.name, b.service) {
			b.note(r.target, a.by)
		}
	}
	for _, r := range a.records {
		i := b.instances[strings.ToLower(r.name)]
		switch {
		case i == nil:
		case r.kind == dnsmessage.TypeSRV && i.Port == 0 && len(b.hosts) < maxInstances:
			i.Host, i.Port = r.target, r.port
			if host := strings.ToLower(r.target); b.hosts[host] == nil {
				b.hosts[host] = new(addresses)
			}
		case r.kind == dnsmessage.TypeTXT && i.Text == nil:
			i.Text = r.strings
		}
	}
	for _, r := range a.records {
		if host := b.hosts[strings.ToLower(r.name)]; host != nil {
			host.add(r, a.by)
		}
	}
}

// note adds an instance by its whole name, unless it is known or is one of another service.
func (b *browser) note(whole string, by Interface) {
	name, ok := cutSuffixFold(whole, "."+b.service)
	key := strings.ToLower(whole)
	if ok && name != "" && b.instances[key] == nil && len(b.instances) < maxInstances {
		b.instances[key] = &Instance{Name: name, Interface: by.Name}
	}
}

func cutSuffixFold(s, suffix string) (before string, ok bool) {
	if n := len(s) - len(suffix); n >= 0 && strings.EqualFold(s[n:], suffix) {
		return s[:n], true
	}
	return s, false
}

// list returns the instances that can be reached.
func (b *browser) list() []Instance {
	var list []Instance
	for _, i := range b.instances {
		host := b.hosts[strings.ToLower(i.Host)]
		if i.Port == 0 || host == nil || len(*host) == 0 {
			continue
		}
		i.Addresses = host.sorted()
		list = append(list, *i)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

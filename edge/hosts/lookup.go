package hosts

// Looking up hosts, and connecting to them.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"trawl/edge/mdns"
)

const (
	// queryTimeout bounds one query to the local network: two packets, a second apart.
	queryTimeout = 2 * time.Second
	// failureAge is how long an unknown name is not asked for again.
	failureAge = 3 * time.Second
	// maxFailures bounds the number of unknown names in memory.
	maxFailures = 64
)

// Lookup returns the addresses of host, a name or an address, in the order in which to try them. The
// error of an unknown name lists the sources and their answers. Lookup takes 4 s at most unless DNS
// takes longer; it may be called concurrently.
func Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return standard.lookup(ctx, host)
}

// Dial connects to a TCP port of host by d: to the first address of host that accepts.
func Dial(ctx context.Context, d *net.Dialer, host, port string) (net.Conn, error) {
	return standard.dial(ctx, d, host, port)
}

// IsLocalName reports whether host is a name of the local network: whether host ends in .local.
func IsLocalName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return strings.HasSuffix(host, ".local") && len(host) > len(".local")
}

// source looks up the addresses of a name in one place.
type source struct {
	name   string // for errors
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// resolver asks sources in turn for names that end in .local.
type resolver struct {
	sources []source
	needed  bool // whether package net does not know .local names on this system

	mu       sync.Mutex
	failures map[string]failure // by name in lower case; at most maxFailures
}

// failure is the error of a lookup, and the time when the lookup ended.
type failure struct {
	err error
	at  time.Time
}

var standard = &resolver{
	sources: []source{
		{"hosts file", lookupFile},
		{"Avahi", avahi{avahiSocket}.lookup},
		{"multicast DNS", lookupNetwork},
		{"DNS", lookupDNS},
	},
	needed: runtime.GOOS == "linux",
}

// handles reports whether r, rather than package net, looks for host.
func (r *resolver) handles(host string) bool { return r.needed && IsLocalName(host) }

func (r *resolver) dial(ctx context.Context, d *net.Dialer, host, port string) (net.Conn, error) {
	if !r.handles(host) {
		return d.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	}
	addresses, err := r.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		var c net.Conn
		if c, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func (r *resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if !r.handles(host) {
		return lookupDNS(ctx, host)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if err := r.recentFailure(name); err != nil {
		return nil, err
	}
	var reasons []string
	for _, s := range r.sources {
		addresses, err := s.lookup(ctx, name)
		switch {
		case len(addresses) > 0:
			return addresses, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("look up %s: %w", name, ctx.Err())
		case err != nil && !errors.Is(err, errNotThere):
			reasons = append(reasons, fmt.Sprintf("%s: %v", s.name, err))
		}
	}
	err := fmt.Errorf("no host of the local network answers to %s: is it on, in the same network, and spelled so? (%s)", name, strings.Join(reasons, "; "))
	r.remember(name, err)
	return nil, err
}

// recentFailure returns why name had no address a moment ago, or nil.
func (r *resolver) recentFailure(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.failures[name]; ok && time.Since(f.at) < failureAge {
		return f.err
	}
	return nil
}

func (r *resolver) remember(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failures) >= maxFailures || r.failures == nil {
		r.failures = make(map[string]failure)
	}
	r.failures[name] = failure{err, time.Now()}
}

// errNotThere says that this machine lacks a source, or that the hosts file lacks the name.
var errNotThere = errors.New("not there")

// fileResolver reads the hosts file and does not reach DNS.
var fileResolver = net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errNotThere
}}

func lookupFile(ctx context.Context, name string) ([]netip.Addr, error) {
	addresses, err := fileResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, errNotThere
	}
	return addresses, nil
}

func lookupNetwork(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return mdns.Lookup(ctx, name)
}

func lookupDNS(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
}

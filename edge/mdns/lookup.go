package mdns

// Looking up the addresses of a host.

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// maxAddresses is how many addresses of a host are kept.
	maxAddresses = 8
	// addressGrace is how long IPv4 addresses are waited for once there are addresses of IPv6: a
	// host may send them in two packets.
	addressGrace = 200 * time.Millisecond
)

// ErrNoAnswer says: no host has answered.
var ErrNoAnswer = errors.New("no host of the local network has answered")

// Lookup returns the addresses of host (pi1.local, for example), IPv4 addresses first. Link-local
// IPv6 addresses have the interface as a zone. If no host answers before ctx ends, the
// error wraps ErrNoAnswer.
func Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return standard.lookup(ctx, host)
}

func (q *querier) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	host = strings.TrimSuffix(host, ".")
	questions := []question{{host, dnsmessage.TypeA}, {host, dnsmessage.TypeAAAA}}
	var found addresses
	var grace *time.Timer
	err := q.query(ctx, questions, func(a answer) bool {
		for _, r := range a.records {
			if strings.EqualFold(r.name, host) {
				found.add(r, a.by)
			}
		}
		if len(found) > 0 && grace == nil {
			grace = time.AfterFunc(addressGrace, cancel)
		}
		return len(found) > 0 && found.sorted()[0].Is4()
	})
	if grace != nil {
		grace.Stop()
	}
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, ErrNoAnswer
	}
	return found.sorted(), nil
}

// addresses holds the addresses of one host, at most maxAddresses.
type addresses []netip.Addr

// add adds the address of a record received by an interface. Records without an address and
// addresses without a host behind (unspecified, multicast) are left out.
func (list *addresses) add(r record, by Interface) {
	a := r.address
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Is4In6() {
		return
	}
	if a.Is6() && a.IsLinkLocalUnicast() {
		a = a.WithZone(by.Name)
	}
	if !slices.Contains(*list, a) && len(*list) < maxAddresses {
		*list = append(*list, a)
	}
}

// sorted returns IPv4 addresses first, then IPv6 addresses without a zone, then the rest.
func (list addresses) sorted() []netip.Addr {
	rank := func(a netip.Addr) int {
		switch {
		case a.Is4():
			return 0
		case a.Zone() == "":
			return 1
		}
		return 2
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
	return sorted
}

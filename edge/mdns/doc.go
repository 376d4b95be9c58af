// Package mdns asks the hosts of the local network for names, addresses and services, by
// multicast DNS (RFC 6762) and DNS-based service discovery (RFC 6763).
//
//	found, err := mdns.Browse(ctx, "_trawl._tcp")     // who offers a service here
//	addresses, err := mdns.Lookup(ctx, "pi1.local")   // where a host is
//
// It is a one-shot querier (RFC 6762, section 5.1): a query leaves from an ephemeral port, so the
// hosts answer to that port alone, and nothing is received, kept or sent between two calls.
// Queries go out over IPv4, by each network interface that [Interfaces] lists; answers may hold
// IPv6 addresses. Package mdns announces nothing.
//
// Everybody on the network can answer anything. Bounds hold for what is kept of answers: 64
// instances of a service, 8 addresses of a host, 512 records of a packet. Whether a broker is the
// right one is for CURVE to decide.
//
//	browse.go      services: their instances, with ports, texts and addresses
//	lookup.go      hosts: their addresses
//	query.go       one query on all interfaces, and its answers while they come
//	packet.go      the packets
//	interfaces.go  the network interfaces to ask on
package mdns

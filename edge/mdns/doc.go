// Package mdns asks the hosts of the local network for addresses, by multicast DNS (RFC 6762).
//
//	addresses, err := mdns.Lookup(ctx, "pi1.local")  // the addresses of a host
//
// Package mdns is a one-shot querier (RFC 6762, section 5.1): a query leaves from an ephemeral port,
// hosts answer to that port alone, and nothing is received, kept or sent between two calls. Queries
// go out over IPv4, by each network interface of [Interfaces]; answers may hold IPv6 addresses.
// Package mdns announces nothing.
//
// Everybody on the network can answer anything. Bounds hold for the parts of answers that are kept:
// 8 addresses of a host, 512 records of each section of a packet.
//
//	lookup.go      hosts: addresses
//	query.go       one query on all interfaces, and the answers as they arrive
//	packet.go      the packets
//	interfaces.go  the network interfaces to ask on
//	socket_*.go    sockets whose packets leave by one interface
package mdns

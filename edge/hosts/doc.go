// Package hosts finds the addresses of hosts and connects to hosts. On Linux, names of the local
// network that end in .local (RFC 6762) resolve, too: package net of a static program asks DNS alone,
// and DNS does not know .local names.
//
//	addresses, err := hosts.Lookup(ctx, "pi1.local")
//	conn, err := hosts.Dial(ctx, &net.Dialer{}, "pi1.local", "5556")
//
// Sources of a .local name, in turn: the hosts file of the system, as with glibc; Avahi's socket, in
// less than a millisecond and from within the sandbox of a service; one query to the network (package
// mdns); DNS, where some companies keep .local names. macOS resolves .local without help.
//
// The local network is not to be trusted: the first answer wins. CURVE decides whether the peer at
// the address is the right one.
//
//	lookup.go  names and addresses; failures are remembered for a few seconds
//	avahi.go   the protocol of Avahi's socket
package hosts

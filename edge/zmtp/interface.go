package zmtp

// Names of network interfaces in endpoints to listen on, as libzmq has them:
// tcp://lo:5555 binds the first address of the interface lo.

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// BindHost returns the address to bind for the host of an endpoint to listen on: "" for *, the
// address of a network interface for the name of the interface, else the host unchanged, an address
// or a name for the resolver. The address of an interface is the first of IPv4, as in libzmq, or
// without any the first of IPv6. An interface without any address is an error. The result may
// change whenever the network does.
func BindHost(host string) (string, error) {
	if host == "*" {
		return "", nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return host, nil
	}
	i, err := net.InterfaceByName(host)
	if err != nil { // no interface has that name
		return host, nil
	}
	addresses, err := i.Addrs()
	if err != nil {
		return "", fmt.Errorf("the addresses of the network interface %s cannot be read: %w", host, err)
	}
	if address := firstAddress(addresses, i.Name); address != "" {
		return address, nil
	}
	return "", fmt.Errorf("the network interface %s has no address (now): connect it, or listen on * for all addresses", host)
}

// checkBindable reports why a host cannot be listened on: it is a name that is neither
// an interface's nor known to the resolver, or an address of another machine.
func checkBindable(host string) error {
	bind, err := BindHost(host)
	if err != nil || bind == "" {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(bind, "0"))
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no such address: %w", err)
	case err != nil:
		return noSuchHost(host, err)
	}
	return l.Close()
}

// firstAddress chooses the address of an interface; "": it has none.
func firstAddress(addresses []net.Addr, name string) string {
	six, linkLocal := "", ""
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok:
		case n.IP.To4() != nil:
			return n.IP.String()
		case n.IP.IsLinkLocalUnicast() && linkLocal == "":
			linkLocal = n.IP.String() + "%" + name
		case !n.IP.IsLinkLocalUnicast() && six == "":
			six = n.IP.String()
		}
	}
	if six == "" {
		return linkLocal
	}
	return six
}

// noSuchHost explains the failure to resolve a host: the error says what host may have been meant
// to be.
func noSuchHost(host string, err error) error {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return err
	}
	return fmt.Errorf("%s is neither a network interface of this machine (%s) nor a host name that resolves to one of its addresses: %w", host, Interfaces(), err)
}

// Interfaces lists the names of this machine's network interfaces, for messages.
func Interfaces() string {
	list, err := net.Interfaces()
	if err != nil {
		return "which cannot be listed: " + err.Error()
	}
	var names []string
	for i := range list {
		names = append(names, list[i].Name)
	}
	return strings.Join(names, ", ")
}

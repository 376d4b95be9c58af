package zmtp

import (
	"net"
	"strings"
	"testing"
)

// loopback returns the name of the loopback interface: lo, lo0.
func loopback(t *testing.T) string {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Skip(err)
	}
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Skip("there is no loopback interface")
	return ""
}

func TestEndpointWithTheNameOfAnInterface(t *testing.T) {
	l := mustListen(t, "tcp://"+loopback(t)+":0", Options{SocketType: "ROUTER"})
	if !strings.HasPrefix(l.Endpoint(), "tcp://127.0.0.1:") {
		t.Errorf("it listens on %s, want the first IPv4 address", l.Endpoint())
	}
	mustServe(t, l)
}

func TestUnknownInterfaceIsNamedWithThoseThereAre(t *testing.T) {
	_, err := Listen("tcp://nosuch0.invalid:0", Options{SocketType: "ROUTER"})
	if err == nil || !strings.Contains(err.Error(), "nosuch0.invalid is neither a network interface of this machine ("+Interfaces()+")") {
		t.Errorf("%v", err)
	}
}

func TestAddressOfAnInterface(t *testing.T) {
	addresses := func(list ...string) (out []net.Addr) {
		for _, s := range list {
			ip, n, err := net.ParseCIDR(s)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		return out
	}
	for want, list := range map[string][]net.Addr{
		"192.168.1.7":  addresses("fe80::1/64", "2001:db8::7/64", "192.168.1.7/24", "10.0.0.7/8"),
		"2001:db8::7":  addresses("fe80::1/64", "2001:db8::7/64", "2001:db8::8/64"),
		"fe80::1%eth0": addresses("fe80::1/64"),
		"":             nil,
	} {
		if got := firstAddress(list, "eth0"); got != want {
			t.Errorf("%v: %q, want %q", list, got, want)
		}
	}
	for _, host := range []string{"192.0.2.1", "::1", "fe80::1%eth0", "localhost", "board.invalid"} {
		if got, err := BindHost(host); got != host || err != nil {
			t.Errorf("%s: %q, %v; want it as it is", host, got, err)
		}
	}
	if got, err := BindHost("*"); got != "" || err != nil {
		t.Errorf("*: %q, %v", got, err)
	}
}

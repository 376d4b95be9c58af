//go:build linux || darwin

package mdns

// Sockets whose multicast packets leave by one interface.

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openSocket opens a socket at an ephemeral port, whose multicast packets leave by interface i and
// are heard on this machine, too.
func openSocket(ctx context.Context, i Interface) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", errors.Join(
				unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(i.Index)}),
				unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, 255),
				unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 1)))
		}); e != nil {
			return e
		}
		return err
	}}
	c, err := config.ListenPacket(ctx, "udp4", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

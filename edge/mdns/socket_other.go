//go:build !linux && !darwin

package mdns

import (
	"context"
	"errors"
	"net"
)

func openSocket(context.Context, Interface) (*net.UDPConn, error) {
	return nil, errors.New("multicast DNS is not supported on this system")
}

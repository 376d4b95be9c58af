package lab

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// FreeEndpoint returns an endpoint on loopback that nobody listens on now, below
// the ports that systems take for outgoing connections.
func FreeEndpoint() string {
	const low, high = 12_000, 32_000
	for {
		address := fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return "tcp://" + address
		}
	}
}

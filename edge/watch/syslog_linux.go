package watch

// How many datagrams the kernel has dropped for want of room.

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

var controlSize = unix.CmsgSpace(4)

// countDrops makes the kernel tell with each datagram how many were dropped on the socket
// before it (SO_RXQ_OVFL, socket(7)).
func countDrops(conn *net.UDPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) })
}

// dropCounter turns the kernel's count, of 32 bits since the socket was opened, into
// differences.
type dropCounter struct{ last uint32 }

// dropped returns how many datagrams were dropped since the call before.
func (d *dropCounter) dropped(control []byte) uint64 {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			now := binary.NativeEndian.Uint32(m.Data)
			n := now - d.last
			d.last = now
			return uint64(n)
		}
	}
	return 0
}

//go:build !unix || illumos || solaris || aix

package zmtp

// Writing to a socket where there is no way to try without blocking: all
// writing is left to the connection's writer goroutine.

import "syscall"

// socketStream is a stream over a socket.
type socketStream struct{ socket }

func (s *socketStream) init() error { return nil }

func (s *socketStream) write(bufs [][]byte, wait bool) (int, error) {
	if !wait {
		return 0, nil
	}
	return s.Write(bufs[0])
}

// socketBuffers leaves the buffers as they are.
func socketBuffers(int) func(network, address string, c syscall.RawConn) error { return nil }

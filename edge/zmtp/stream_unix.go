//go:build unix && !illumos && !solaris && !aix

// Writing to a socket without blocking and without net's copying of slices.

package zmtp

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketStream is a stream over a socket.
type socketStream struct {
	socket
	raw syscall.RawConn

	// The arguments and results of try, which would escape as a closure on
	// every write. They belong to the one goroutine in write.
	try  func(fd uintptr) (done bool)
	bufs [][]byte
	wait bool
	n    int
	err  error
}

func (s *socketStream) init() (err error) {
	s.raw, err = s.SyscallConn()
	s.try = s.tryWrite
	return err
}

func (s *socketStream) write(bufs [][]byte, wait bool) (int, error) {
	s.bufs, s.wait = bufs, wait
	err := s.raw.Write(s.try)
	s.bufs = nil
	if err == nil {
		err = s.err
	}
	if err != nil {
		return 0, err
	}
	return s.n, nil
}

// tryWrite makes one attempt. Go's sockets never block; returning false waits
// until this one takes more.
func (s *socketStream) tryWrite(fd uintptr) (done bool) {
	for {
		if len(s.bufs) == 1 {
			s.n, s.err = unix.Write(int(fd), s.bufs[0])
		} else {
			s.n, s.err = unix.Writev(int(fd), s.bufs)
		}
		switch s.err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			s.n, s.err = 0, nil
			return !s.wait
		case nil:
		default:
			s.err = os.NewSyscallError("write", s.err)
		}
		return true
	}
}

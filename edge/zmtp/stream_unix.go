//go:build unix && !illumos && !solaris && !aix

package zmtp

// Writing to a socket without blocking and without net's copying of slices; reading
// from one without memory for what is not there yet.

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketStream is a stream over a socket.
type socketStream struct {
	socket
	raw syscall.RawConn

	// The arguments and results of try, which would escape as a closure on every write. Both belong
	// to the goroutine in write.
	try  func(fd uintptr) (done bool)
	bufs [][]byte
	wait bool
	n    int
	err  error

	in inbound
}

// inbound is the arguments and results of tryRead. Both belong to the goroutine in readInto.
type inbound struct {
	try    func(fd uintptr) (done bool)
	memory readMemory
	n      int
	err    error
}

func (s *socketStream) init() (err error) {
	s.raw, err = s.SyscallConn()
	s.try, s.in.try = s.tryWrite, s.in.tryRead
	return err
}

func (s *socketStream) readInto(m readMemory) (int, error) {
	s.in.memory = m
	err := s.raw.Read(s.in.try)
	if err == nil {
		err = s.in.err
	}
	if err != nil {
		return 0, err
	}
	return s.in.n, nil
}

// socketBuffers is the control function of a listening socket whose connections
// shall have buffers of that size in the kernel.
func socketBuffers(bytes int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", errors.Join(
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)))
		}); e != nil {
			return e
		}
		return err
	}
}

// tryRead makes a single attempt. Returning false waits until there is something to read.
func (in *inbound) tryRead(fd uintptr) (done bool) {
	for {
		in.n, in.err = unix.Read(int(fd), in.memory.room())
		switch in.err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			in.memory.park()
			return false
		case nil:
			if in.n == 0 {
				in.err = io.EOF
			}
		default:
			in.err = os.NewSyscallError("read", in.err)
		}
		return true
	}
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

// tryWrite makes a single attempt. Go's sockets never block; returning false waits until this one
// takes more.
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

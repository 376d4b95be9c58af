package zmtp

// The ipc:// transport: Unix domain sockets, by path or, on Linux, by an
// abstract name after @ as libzmq has it.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// maxSocketPath is the longest path or abstract name of a socket, in bytes.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

func checkSocketPath(path string) error {
	switch {
	case path == "" || path == "@" || path == "*":
		return errors.New("needs a path")
	case len(path) > maxSocketPath:
		return fmt.Errorf("has a path of %d bytes; the system allows %d", len(path), maxSocketPath)
	case path[0] == '@' && runtime.GOOS != "linux":
		return errors.New("has an abstract name, which only Linux knows")
	}
	return nil
}

// ipcStream is a stream over a Unix domain socket. The dialing end of one has no
// address of its own.
type ipcStream struct {
	stream
	name string // the endpoint's
}

func (s ipcStream) remote() (string, bool) { return s.name, true }

func newIPCStream(c net.Conn, path string) (stream, error) {
	s, err := newSocketStream(c)
	if err != nil {
		return nil, err
	}
	return ipcStream{s, "ipc://" + path}, nil
}

func dialIPC(ctx context.Context, path string) (stream, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return newIPCStream(c, path)
}

// ipcAcceptor is a listening Unix domain socket.
type ipcAcceptor struct {
	net.Listener
	path   string
	file   fs.FileInfo // nil for an abstract name
	remove sync.Once
}

// listenIPC binds path and gives the file mode. A file left behind by an earlier listener is
// replaced; the error is EADDRINUSE if a listener is there.
func listenIPC(path string, mode os.FileMode) (acceptor, error) {
	if path[0] == '@' {
		l, err := bindIPC(path, mode)
		if err != nil {
			return nil, err
		}
		return &ipcAcceptor{Listener: l, path: path}, nil
	}
	unlock := lockDirectory(path)
	defer unlock()
	l, err := bindIPC(path, mode)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err = removeStale(path); err == nil {
			l, err = bindIPC(path, mode)
		}
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &ipcAcceptor{Listener: l, path: path, file: file}, nil
}

// bindIPC binds and listens. On Linux the file has no more than mode from its first moment on;
// elsewhere a moment later.
func bindIPC(path string, mode os.FileMode) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { restrictSocket(fd, mode) })
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // Close sees to that
	return l, nil
}

// removeStale removes path if path is a socket without a listener. The error is EADDRINUSE when the
// socket may be in use.
func removeStale(path string) error {
	file, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if file.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and no socket; remove it or choose another path", path)
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	return os.Remove(path)
}

func (a *ipcAcceptor) accept() (stream, error) {
	c, err := a.Accept()
	if err != nil {
		return nil, err
	}
	return newIPCStream(c, a.path)
}

func (a *ipcAcceptor) endpoint() string { return "ipc://" + a.path }

// Close removes the file, unless another file has taken the place of the bound file, and stops
// listening.
func (a *ipcAcceptor) Close() error {
	a.remove.Do(a.removeFile)
	return a.Listener.Close()
}

func (a *ipcAcceptor) removeFile() {
	if a.file == nil {
		return
	}
	unlock := lockDirectory(a.path)
	defer unlock()
	if file, err := os.Lstat(a.path); err == nil && os.SameFile(file, a.file) {
		os.Remove(a.path)
	}
}

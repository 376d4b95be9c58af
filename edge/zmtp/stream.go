package zmtp

// The byte stream under a connection: the interface of a transport, and the stream over a socket of
// the operating system. pipe.go has the stream in memory.

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"trawl/edge/hosts"
)

// stream is a two-way byte stream: a single goroutine reads, one writes, any closes.
type stream interface {
	Read(p []byte) (int, error)

	// write takes bytes off the front of bufs' content and returns how many. With wait, write
	// blocks until at least one byte is taken or the write deadline is over; without, write takes
	// as much as fits at once, maybe nothing.
	write(bufs [][]byte, wait bool) (int, error)

	CloseWrite() error // the peer reads EOF after what was written
	Close() error      // ends all calls in progress
	SetDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error

	// remote describes the peer; local says that the peer is on this machine.
	remote() (addr string, local bool)
}

// lazySource is a source of bytes that needs a buffer only once there is something to read. Every
// stream is a lazySource, except over sockets of some systems.
type lazySource interface {
	// readInto waits until there is something to read, and reads into the room of m. During the
	// wait m is parked.
	readInto(m readMemory) (int, error)
}

// readMemory is where readInto reads to.
type readMemory interface {
	room() []byte // to read into now
	park()        // there is nothing to read: what room returned is given back
}

// acceptor is a bound endpoint.
type acceptor interface {
	accept() (stream, error)
	endpoint() string // with the real port
	Close() error     // ends accept
}

// writeAll writes all of b, waiting as long as the write deadline allows.
func writeAll(s stream, b []byte) error {
	for len(b) > 0 {
		n, err := s.write([][]byte{b}, true)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// socket is what net's TCP and Unix connections have in common.
type socket interface {
	net.Conn
	CloseWrite() error
	SyscallConn() (syscall.RawConn, error)
}

// keepAlive finds a peer that vanished without a word within 90 s, and keeps
// the state of home routers and firewalls from expiring.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 6}

// tcpAcceptor is a listening TCP port.
type tcpAcceptor struct {
	l    net.Listener
	host string // as given; "*" for all addresses
}

func listenTCP(host, port string, buffer int) (acceptor, error) {
	bind, err := BindHost(host)
	if err != nil {
		return nil, err
	}
	if port == "*" {
		port = "0"
	}
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	if buffer > 0 {
		config.Control = socketBuffers(buffer) // connections inherit them
	}
	l, err := config.Listen(context.Background(), "tcp", net.JoinHostPort(bind, port))
	if err != nil {
		return nil, noSuchHost(host, err)
	}
	return &tcpAcceptor{l: l, host: host}, nil
}

func (a *tcpAcceptor) accept() (stream, error) {
	c, err := a.l.Accept()
	if err != nil {
		return nil, err
	}
	return newSocketStream(c)
}

// endpoint returns an endpoint that a peer on this machine can dial: for all addresses 0.0.0.0,
// which works over IPv4 with every library.
func (a *tcpAcceptor) endpoint() string {
	addr := a.l.Addr().(*net.TCPAddr)
	if a.host == "*" {
		return fmt.Sprintf("tcp://0.0.0.0:%d", addr.Port)
	}
	return "tcp://" + addr.String()
}

func (a *tcpAcceptor) Close() error { return a.l.Close() }

func dialTCP(ctx context.Context, host, port string) (stream, error) {
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	c, err := hosts.Dial(ctx, &dialer, host, port)
	if err != nil {
		return nil, err
	}
	return newSocketStream(c)
}

// shrinkBuffers makes the kernel keep less of a connection over TCP.
func (s *socketStream) shrinkBuffers(bytes int) {
	if tcp, ok := s.socket.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(bytes) // if not, it keeps more
		_ = tcp.SetWriteBuffer(bytes)
	}
}

func newSocketStream(c net.Conn) (stream, error) {
	s := &socketStream{socket: c.(socket)}
	if err := s.init(); err != nil {
		c.Close()
		return nil, err
	}
	return s, nil
}

func (s *socketStream) remote() (string, bool) {
	addr := s.RemoteAddr()
	tcp, ok := addr.(*net.TCPAddr)
	return addr.String(), !ok || tcp.IP.IsLoopback()
}

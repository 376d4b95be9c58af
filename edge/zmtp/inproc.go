package zmtp

// The inproc:// transport: endpoints by name within the process.

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// inprocBacklog is how many dialed connections may wait to be accepted.
const inprocBacklog = 128

var inproc = struct {
	mu    sync.Mutex
	bound map[string]*inprocAcceptor
}{bound: make(map[string]*inprocAcceptor)}

// inprocAcceptor is a bound name. Its mutex is inproc.mu.
type inprocAcceptor struct {
	name    string
	backlog chan stream // closed with the acceptor
}

func listenInproc(name string) (acceptor, error) {
	inproc.mu.Lock()
	defer inproc.mu.Unlock()
	if inproc.bound[name] != nil {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	a := &inprocAcceptor{name: name, backlog: make(chan stream, inprocBacklog)}
	inproc.bound[name] = a
	return a, nil
}

func (a *inprocAcceptor) accept() (stream, error) {
	s, ok := <-a.backlog
	if !ok {
		return nil, net.ErrClosed
	}
	return s, nil
}

func (a *inprocAcceptor) endpoint() string { return "inproc://" + a.name }

// Close frees the name and closes the connections nobody accepted.
func (a *inprocAcceptor) Close() error {
	inproc.mu.Lock()
	defer inproc.mu.Unlock()
	if inproc.bound[a.name] != a {
		return net.ErrClosed
	}
	delete(inproc.bound, a.name)
	close(a.backlog)
	for s := range a.backlog {
		s.Close()
	}
	return nil
}

func dialInproc(ctx context.Context, name string) (stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inproc.mu.Lock()
	defer inproc.mu.Unlock()
	a := inproc.bound[name]
	if a == nil {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	here, there := newPipe(a.endpoint())
	select {
	case a.backlog <- there:
		return here, nil
	default: // as a full backlog of a TCP port on this machine
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
}

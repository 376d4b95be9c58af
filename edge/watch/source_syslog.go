package watch

// Syslog over UDP and TCP.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/escape"
)

// SyslogOptions say where to listen; an empty address is not listened at.
type SyslogOptions struct {
	UDP, TCP string // HOST:PORT
	Log      *slog.Logger
}

const (
	maxDatagram   = 64 << 10
	maxSyslog     = 64 << 10 // bytes of a message; a longer message is cut
	maxSyslogSize = 1 << 20  // a larger octet count ends the connection
	maxPeers      = 100      // connections; a further connection ends the longest silent
	receiveBuffer = 1 << 20  // of the kernel, for datagrams
	syslogBatch   = 64
)

// Syslog is the source syslog. Datagrams without room are counted as lost;
// connections are read no further meanwhile.
type Syslog struct {
	health
	udp  *net.UDPConn
	tcp  net.Listener
	log  *slog.Logger
	in   *inbox
	run  string
	next atomic.Uint64

	refused atomic.Uint64 // connections ended for bad framing

	mu    sync.Mutex
	peers map[*peer]struct{}
}

// peer is a connection of TCP.
type peer struct {
	conn net.Conn
	last atomic.Int64 // time of the last message: Unix time in nanoseconds
}

// NewSyslog listens.
func NewSyslog(o SyslogOptions) (*Syslog, error) {
	s := &Syslog{log: o.Log, in: newInbox(), run: newRun(), peers: make(map[*peer]struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.UDP != "" {
		conn, err := net.ListenPacket("udp", o.UDP)
		if err != nil {
			return nil, err
		}
		s.udp = conn.(*net.UDPConn)
		_ = s.udp.SetReadBuffer(receiveBuffer) // as much as the system allows
		countDrops(s.udp)
	}
	if o.TCP != "" {
		l, err := net.Listen("tcp", o.TCP)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.tcp = l
	}
	return s, nil
}

// Addresses returns the addresses listened at; nil: none.
func (s *Syslog) Addresses() (udp, tcp net.Addr) {
	if s.udp != nil {
		udp = s.udp.LocalAddr()
	}
	if s.tcp != nil {
		tcp = s.tcp.Addr()
	}
	return udp, tcp
}

// Run hands over messages until ctx ends.
func (s *Syslog) Run(ctx context.Context, take func(*Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var receivers sync.WaitGroup
	failures := make(chan error, 2)
	fail := func(err error) {
		if err != nil && ctx.Err() == nil {
			failures <- err
			cancel()
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	if s.udp != nil {
		receivers.Go(func() { fail(s.datagrams(ctx)) })
	}
	if s.tcp != nil {
		receivers.Go(func() { fail(s.accept(ctx, &receivers)) })
	}
	err := s.in.each(ctx, syslogBatch, take)
	cancel()
	stop()
	_ = s.Close()
	receivers.Wait()
	select {
	case failed := <-failures:
		return failed
	default:
		return err
	}
}

// Close closes all sockets. Calling Close again does nothing.
func (s *Syslog) Close() error {
	if s.udp != nil {
		_ = s.udp.Close()
	}
	if s.tcp != nil {
		_ = s.tcp.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		_ = p.conn.Close()
	}
	return nil
}

// record makes a record of a message from an address.
func (s *Syslog) record(data []byte, from net.Addr, cut bool) received {
	host, _, err := net.SplitHostPort(from.String())
	if err != nil {
		host = from.String()
	}
	m := parseSyslog(data, time.Now())
	r := m.record(host)
	r.Text = bytes.Clone(r.Text)
	r.Place = s.run + "/" + strconv.FormatUint(s.next.Add(1), 10)
	r.Cut = cut
	return received{Record: r}
}

// datagrams reads UDP always. Datagrams without room are counted and lost.
func (s *Syslog) datagrams(ctx context.Context) error {
	buf := make([]byte, maxDatagram)
	control := make([]byte, controlSize)
	var drops dropCounter
	for {
		n, controls, _, from, err := s.udp.ReadMsgUDP(buf, control)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("udp: %w", err)
		}
		s.lost.Add(drops.dropped(control[:controls]))
		if n > 0 && !s.in.offer(s.record(buf[:n], from, false)) {
			s.lost.Add(1)
		}
	}
}

// Pauses after a passing error of accept: too many open files.
const (
	firstAcceptPause = 5 * time.Millisecond
	lastAcceptPause  = time.Second
)

func (s *Syslog) accept(ctx context.Context, receivers *sync.WaitGroup) error {
	pause := firstAcceptPause
	for {
		conn, err := s.tcp.Accept()
		switch {
		case err == nil:
			pause = firstAcceptPause
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		default:
			s.log.Warn("syslog: a connection cannot be accepted", "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, lastAcceptPause)
			continue
		}
		p := s.add(conn)
		receivers.Go(func() {
			s.connection(ctx, p)
			s.remove(p)
		})
	}
}

// add notes a connection; over the limit the longest silent connection is ended.
func (s *Syslog) add(conn net.Conn) *peer {
	p := &peer{conn: conn}
	p.last.Store(time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.peers) >= maxPeers {
		var silent *peer
		for other := range s.peers {
			if silent == nil || other.last.Load() < silent.last.Load() {
				silent = other
			}
		}
		_ = silent.conn.Close()
		delete(s.peers, silent)
	}
	s.peers[p] = struct{}{}
	return p
}

func (s *Syslog) remove(p *peer) {
	_ = p.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
}

// connection reads the messages of a peer.
func (s *Syslog) connection(ctx context.Context, p *peer) {
	r := bufio.NewReaderSize(p.conn, 4<<10)
	for {
		data, cut, err := readSyslog(r)
		if len(data) > 0 {
			p.last.Store(time.Now().UnixNano())
			if !s.in.put(ctx, s.record(data, p.conn.RemoteAddr(), cut)) {
				return
			}
		}
		if errors.Is(err, errFraming) {
			if n := s.refused.Add(1); n&(n-1) == 0 {
				s.log.Warn("syslog: a connection was ended", "peer", escape.Line(p.conn.RemoteAddr().String()), "error", err, "ended", n)
			}
		}
		if err != nil {
			return
		}
	}
}

// Status counts lost datagrams.
func (s *Syslog) Status() SourceStatus {
	status := s.health.Status()
	if n := s.refused.Load(); n > 0 {
		status.Problem = fmt.Sprintf("%d connections were ended for their framing", n)
	}
	return status
}

// errFraming means that the beginning of the next message is unknown.
var errFraming = errors.New("not a framing of RFC 6587")

// readSyslog reads a message: behind its length, or up to a line feed (RFC
// 6587, sections 3.4.1 and 3.4.2). The first byte tells which. With cut, the rest
// of the message was left out. At the end of the connection data may come with an error.
func readSyslog(r *bufio.Reader) (data []byte, cut bool, err error) {
	first, err := r.Peek(1)
	if err != nil {
		return nil, false, err
	}
	if first[0] >= '1' && first[0] <= '9' {
		return readCounted(r)
	}
	for {
		part, err := r.ReadSlice('\n')
		if room := maxSyslog - len(data); room > 0 {
			data = append(data, part[:min(len(part), room)]...)
			cut = len(part) > room
		} else {
			cut = true
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(data) > 0: // without a line feed
			return data, true, io.EOF
		}
		return data, cut && len(data) >= maxSyslog, err
	}
}

// readCounted reads "LENGTH MESSAGE".
func readCounted(r *bufio.Reader) (data []byte, cut bool, err error) {
	size := 0
	for {
		c, err := r.ReadByte()
		if err != nil {
			return nil, false, fmt.Errorf("%w: the connection ends in a length", errFraming)
		}
		if c == ' ' {
			break
		}
		if c < '0' || c > '9' {
			return nil, false, fmt.Errorf("%w: a length with %q in it", errFraming, c)
		}
		if size = 10*size + int(c-'0'); size > maxSyslogSize {
			return nil, false, fmt.Errorf("%w: a message over %d bytes", errFraming, maxSyslogSize)
		}
	}
	data = make([]byte, 0, min(size, 4<<10)) // grows with the data that arrives
	kept := min(size, maxSyslog)
	b := bytes.NewBuffer(data)
	if n, err := io.CopyN(b, r, int64(kept)); err != nil {
		return b.Bytes(), true, fmt.Errorf("%w: %d of %d bytes", errFraming, n, size)
	}
	if _, err := io.CopyN(io.Discard, r, int64(size-kept)); err != nil {
		return b.Bytes(), true, fmt.Errorf("%w: the connection ends in a message", errFraming)
	}
	return b.Bytes(), kept < size, nil
}

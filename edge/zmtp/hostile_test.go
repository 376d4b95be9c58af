package zmtp

// Peers that break the rules: each is turned away with a reason in the log, and
// the listener goes on to serve others.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBuffer collects log lines for a test.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func longFrame(flags byte, length uint64, body string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{flags | flagLong}, length), body...)
}

// greetingWith is our greeting with some octets replaced.
func greetingWith(at int, octets ...byte) []byte {
	b := nullGreeting()
	copy(b[at:], octets)
	return b
}

var badHandshakes = map[string]struct {
	sent   []byte
	reason string // in the log
}{
	"garbage":                      {[]byte("GET / HTTP/1.1\r\nHost: trawl\r\n\r\n"), "peer speaks HTTP"},
	"zeros":                        {make([]byte, 200), "ZMTP 1.0 or something else"},
	"ZMTP 1.0, no identity":        {[]byte{1, 0}, "ZMTP 1.0"},
	"ZMTP 1.0, long identity":      {[]byte{0xff, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0}, "ZMTP 1.0"},
	"ZMTP 2.0":                     {[]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0}, "ZMTP 2.0"},
	"mechanism unknown":            {greeting{version: ours, mechanism: "CURVE"}.encode(), "CURVE"},
	"mechanism empty":              {greetingWith(mechanismAt, 0, 0, 0, 0), "malformed name"},
	"mechanism not text":           {greetingWith(mechanismAt, 0x80), "malformed name"},
	"mechanism padded wrongly":     {greetingWith(mechanismAt+10, 'x'), "malformed name"},
	"message instead of READY":     {append(nullGreeting(), AppendFrame(nil, []byte("hi"), false)...), "before the handshake was over"},
	"other command than READY":     {append(nullGreeting(), appendCommand(nil, "HELLO", nil)...), "HELLO"},
	"ERROR":                        {append(nullGreeting(), appendCommand(nil, cmdError, []byte("\x03no!"))...), "no!"},
	"ERROR with broken reason":     {append(nullGreeting(), appendCommand(nil, cmdError, []byte("\xffno"))...), "no"},
	"command without a name":       {append(nullGreeting(), flagCommand, 0), "malformed command"},
	"command with a broken name":   {append(nullGreeting(), flagCommand, 2, 9, 'R'), "malformed command"},
	"command with MORE":            {append(nullGreeting(), flagCommand|flagMore, 0), "MORE"},
	"reserved flags":               {append(nullGreeting(), 0x80|flagCommand, 0), "reserved flags"},
	"huge handshake, 2^16":         {append(nullGreeting(), longFrame(flagCommand, 1<<16, "")...), "65536 bytes"},
	"huge handshake, 2^62":         {append(nullGreeting(), longFrame(flagCommand, 1<<62, "")...), "bytes; at most"},
	"huge handshake, 2^63":         {append(nullGreeting(), longFrame(flagCommand, 1<<63, "")...), "top bit"},
	"huge handshake, 2^64-1":       {append(nullGreeting(), longFrame(flagCommand, 1<<64-1, "")...), "top bit"},
	"socket type missing":          {append(nullGreeting(), appendCommand(nil, cmdReady, nil)...), "without a Socket-Type"},
	"socket type unknown":          {append(nullGreeting(), readyFrame("TELEPHONE")...), "TELEPHONE"},
	"socket type incompatible":     {append(nullGreeting(), readyFrame("PUB")...), "PUB"},
	"property twice":               {append(nullGreeting(), readyFrame("DEALER", "socket-type", "DEALER")...), "given twice"},
	"property name empty":          {append(nullGreeting(), readyFrame("DEALER", "", "x")...), "invalid metadata name"},
	"property name not text":       {append(nullGreeting(), readyFrame("DEALER", "a b", "x")...), "invalid metadata name"},
	"identity too long":            {append(nullGreeting(), readyFrame("DEALER", "Identity", repeat("i", 256))...), "256 bytes"},
	"metadata cut in a name":       {append(nullGreeting(), appendCommand(nil, cmdReady, []byte("\x0bSock"))...), "truncated metadata"},
	"metadata cut in a length":     {append(nullGreeting(), appendCommand(nil, cmdReady, []byte("\x0bSocket-Type\x00\x00"))...), "truncated metadata"},
	"metadata cut in a value":      {append(nullGreeting(), appendCommand(nil, cmdReady, []byte("\x0bSocket-Type\x00\x00\x00\x09DEAL"))...), "truncated metadata"},
	"metadata of 2^32-1 bytes":     {append(nullGreeting(), appendCommand(nil, cmdReady, []byte("\x0bSocket-Type\xff\xff\xff\xffDEALER"))...), "truncated metadata"},
	"refused by the application":   {append(nullGreeting(), readyFrame("REQ", "X-Refuse", "yes")...), "not today"},
	"incompatible with the answer": {append(nullGreeting(), readyFrame("PULL")...), "PULL"},
}

func TestBadHandshakesAreRefusedWithTheReason(t *testing.T) {
	for name, test := range badHandshakes {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			l := mustListen(t, "tcp://127.0.0.1:0", Options{Log: log.logger(), RefusalHold: -1, Announce: func(p Peer) (string, error) {
				if p.Metadata["x-refuse"] != "" {
					return "", errors.New("not today")
				}
				return "ROUTER", nil
			}})
			raw := rawDial(t, l.Endpoint())
			raw.Write(test.sent)
			mustBeClosed(t, raw)
			mustServe(t, l)
			l.Close() // its handshakes have logged after it
			if got := log.String(); !strings.Contains(got, test.reason) || !strings.Contains(got, raw.LocalAddr().String()) {
				t.Errorf("log does not name %q and the peer:\n%s", test.reason, got)
			}
		})
	}
}

// mustServe checks that l still serves a proper peer.
func mustServe(t *testing.T, l *Listener) {
	t.Helper()
	c := mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"})
	mustEcho(t, mustAccept(t, l), c)
}

func TestSilenceAtEveryPointOfTheHandshakeEndsAtTheDeadline(t *testing.T) {
	var log logBuffer
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", HandshakeTimeout: 500 * time.Millisecond, Log: log.logger()})
	whole := append(nullGreeting(), readyFrame("DEALER")...)
	var silent []net.Conn
	for cut := range len(whole) {
		raw := rawDial(t, l.Endpoint())
		raw.Write(whole[:cut])
		silent = append(silent, raw)
	}
	mustServe(t, l)
	for _, raw := range silent {
		mustBeClosed(t, raw)
	}
	l.Close()
	if n := l.Stats().Refused[ReasonTimeout]; n != uint64(len(whole)) {
		t.Errorf("%d of %d silent peers were counted", n, len(whole))
	}
	if !strings.Contains(log.String(), "did not finish the handshake in time") {
		t.Errorf("log: %s", log.String())
	}
}

func TestPeerThatLeavesDuringTheHandshakeIsForgotten(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER"})
	whole := append(nullGreeting(), readyFrame("DEALER")...)
	for cut := range len(whole) {
		raw := rawDial(t, l.Endpoint())
		raw.Write(whole[:cut])
		raw.Close()
	}
	mustServe(t, l)
}

func TestSilentConnectionsDoNotKeepOthersOut(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "ROUTER", MaxHandshakes: 4, HandshakeTimeout: time.Minute})
	for range 8 {
		rawDial(t, l.Endpoint())
	}
	mustServe(t, l)
	mustServe(t, l)
}

func TestCloseOfTheListenerEndsHandshakesInProgress(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", HandshakeTimeout: time.Minute})
	silent := rawDial(t, l.Endpoint())
	silent.Write(nullGreeting())
	mustServe(t, l) // the silent one was accepted before
	within(t, "Close", func() (any, error) { return nil, l.Close() })
	mustBeClosed(t, silent)
}

func TestConnectionsNobodyAcceptsStopTheHandshakesAndNothingElse(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER", MaxHandshakes: 2})
	var dialed []*Conn
	for range 2 {
		dialed = append(dialed, mustDial(t, l.Endpoint(), Options{SocketType: "DEALER"}))
	}
	waitUntil(t, func() bool { // none of them can be made to give way
		l.handshakes.mu.Lock()
		defer l.handshakes.mu.Unlock()
		return l.handshakes.taken == 2 && l.handshakes.running.Len() == 0
	})
	accepted := []*Conn{mustAccept(t, l), mustAccept(t, l)}
	for _, c := range dialed { // which was accepted first is open
		c.Send(nil, msg("hello"))
	}
	for _, c := range accepted {
		recvFrames(t, c)
	}
	mustServe(t, l)
}

func TestOnlyOldUnfinishedHandshakesGiveWay(t *testing.T) {
	for name, test := range map[string]struct {
		age       time.Duration
		finished  bool
		givesWay  bool
		freeSlots int
	}{
		"slots left":      {age: time.Hour, freeSlots: 1},
		"young":           {age: 0},
		"old":             {age: time.Hour, givesWay: true},
		"old but settled": {age: time.Hour, finished: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, peer := newPipe("x")
			defer s.Close()
			defer peer.Close()
			h := newHandshakes(1 + test.freeSlots)
			slot := h.begin(s)
			slot.started = slot.started.Add(-test.age)
			if test.finished {
				h.settle(slot)
			}
			if _, free := h.evict(); free != (test.freeSlots > 0) {
				t.Errorf("free: %v", free)
			}
			_, err := s.write([][]byte{{1}}, true)
			if gaveWay := err != nil; gaveWay != test.givesWay {
				t.Errorf("gave way: %v", gaveWay)
			}
			h.end(slot)
			if _, free := h.evict(); !free {
				t.Error("no slot free after the end")
			}
		})
	}
}

// limits are low, so that tests cross them cheaply.
var limits = Options{SocketType: "DEALER", MaxFrame: 1000, MaxMessage: 2000, MaxFrames: 5, MaxHandshake: 200}

var badTraffic = map[string]struct {
	sent   []byte
	reason string
}{
	"reserved flag 8":          {[]byte{8, 0}, "reserved flags"},
	"reserved flag 128":        {[]byte{128, 0}, "reserved flags"},
	"command with MORE":        {[]byte{flagCommand | flagMore, 0}, "MORE"},
	"frame over the limit":     {longFrame(0, 1001, ""), "1001 bytes"},
	"frame of 2^31":            {longFrame(0, 1<<31, ""), "bytes; at most"},
	"frame of 2^32":            {longFrame(0, 1<<32, ""), "bytes; at most"},
	"frame of 2^36":            {longFrame(0, 1<<36, ""), "bytes; at most"},
	"frame of 2^62":            {longFrame(0, 1<<62, ""), "bytes; at most"},
	"frame of 2^63":            {longFrame(0, 1<<63, ""), "top bit"},
	"frame of 2^64-1":          {longFrame(0, 1<<64-1, ""), "top bit"},
	"message over the limit":   {bytes.Repeat(longFrame(flagMore, 900, repeat("x", 900)), 3), "more than 2000 bytes"},
	"too many frames":          {bytes.Repeat([]byte{flagMore, 0}, 6), "more than 5 frames"},
	"endless MORE":             {bytes.Repeat([]byte{flagMore, 0}, 60_000), "more than 5 frames"},
	"command over the limit":   {longFrame(flagCommand, 201, ""), "201 bytes"},
	"command of 2^62":          {longFrame(flagCommand, 1<<62, ""), "bytes; at most"},
	"command without a name":   {[]byte{flagCommand, 0}, "malformed command"},
	"command with broken name": {[]byte{flagCommand, 2, 9, 'P'}, "malformed command"},
	"PING without a TTL":       {appendCommand(nil, cmdPing, []byte{1}), "PING"},
}

func TestBadTrafficClosesTheConnectionWithTheReason(t *testing.T) {
	for name, test := range badTraffic {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			o := limits
			o.Log = log.logger()
			l := mustListen(t, "tcp://127.0.0.1:0", o)
			raw := rawPeer(t, l.Endpoint())
			c := mustAccept(t, l)
			go raw.Write(test.sent)
			_, err := within(t, "Recv", c.Recv)
			if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Recv: %v, want a protocol error that names %q", err, test.reason)
			}
			mustBeClosed(t, raw)
			if got := log.String(); !strings.Contains(got, test.reason) || !strings.Contains(got, raw.LocalAddr().String()) {
				t.Errorf("log does not name %q and the peer:\n%s", test.reason, got)
			}
			mustServe(t, l)
		})
	}
}

func TestTrafficAtTheLimitsPasses(t *testing.T) {
	a, b := pair(t, "tcp://127.0.0.1:0", limits, Options{})
	for name, frames := range map[string][]string{
		"frame":   {repeat("x", 1000)},
		"message": {repeat("x", 991), repeat("y", 991)},
		"frames":  {"1", "2", "3", "4", "5"},
	} {
		b.Send(nil, msg(frames...))
		if got := recvFrames(t, a); !slices.Equal(got, frames) {
			t.Errorf("%s: received %s", name, short(got))
		}
	}
}

func TestPeerThatLeavesWithinAMessageIsNoCleanClose(t *testing.T) {
	for name, sent := range map[string][]byte{
		"in a header":      {0},
		"in a long header": {flagLong, 0, 0},
		"in a body":        {0, 5, 'a'},
		"in a large body":  longFrame(0, 50<<20, "only a little"),
		"between frames":   {flagMore, 0},
		"in a command":     {flagCommand, 7, 4, 'P'},
	} {
		t.Run(name, func(t *testing.T) {
			l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
			raw := rawPeer(t, l.Endpoint())
			c := mustAccept(t, l)
			raw.Write(sent)
			raw.Close()
			if _, err := within(t, "Recv", c.Recv); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Recv: %v", err)
			}
		})
	}
}

func TestMemoryForAFrameGrowsOnlyAsItArrives(t *testing.T) {
	o := Options{MaxFrame: 1 << 30, MaxMessage: 1 << 30}.withDefaults()
	src := bytes.NewReader(longFrame(0, 100<<20, repeat("x", 100_000)))
	r := newReader(src, &o, nil)
	h, err := r.header()
	if err != nil {
		t.Fatal(err)
	}
	m := Message{buf: newBuffer(h.size)}
	defer func() { m.buf.release() }()
	if err := r.readFrame(h, &m); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if got := cap(m.buf.b); got > 4*100_000 {
		t.Errorf("%d bytes of memory for 100,000 that arrived", got)
	}
}

func TestBurstBufferGoesWithTheBurst(t *testing.T) {
	o := Options{}.withDefaults()
	small := AppendFrame(nil, make([]byte, 1000), false)
	r := newReader(bytes.NewReader(bytes.Repeat(small, 200)), &o, nil)
	used := false
	for range 200 {
		m, err := r.message()
		if err != nil {
			t.Fatal(err)
		}
		m.Release()
		used = used || len(r.buf) >= burstBuffer
	}
	if _, err := r.message(); err != io.EOF { // idle from here on
		t.Fatal(err)
	}
	if !used || len(r.buf) >= burstBuffer {
		t.Errorf("burst buffer used: %v, kept: %v", used, len(r.buf) >= burstBuffer)
	}
}

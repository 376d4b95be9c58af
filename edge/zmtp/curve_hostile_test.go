// Someone between two ends of CURVE who alters, repeats, cuts and swaps what
// they say, and clients that cheat: none gets further than its first lie.

package zmtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// meddler has the two ends of a connection with someone in between.
type meddler struct {
	client, server           *Conn
	clientError, serverError error
}

type direction bool

const (
	toServer direction = true
	toClient direction = false
)

func (d direction) String() string {
	if d == toServer {
		return "to server"
	}
	return "to client"
}

// Frames of a handshake by place and direction; from 2 to the server and from 2 to
// the client there are MESSAGEs.
var steps = []struct {
	name string
	to   direction
	at   int
}{{"HELLO", toServer, 0}, {"WELCOME", toClient, 0}, {"INITIATE", toServer, 1}, {"READY", toClient, 1}, {"MESSAGE", toServer, 2}, {"MESSAGE", toClient, 2}}

// meddle connects a client and a server with CURVE through edit, which gets every
// frame with its place among those of its direction, counted from 0, and returns what
// goes on instead. All is closed at the end of the test.
func meddle(t testing.TB, edit func(to direction, at int, frame []byte) [][]byte) *meddler {
	t.Helper()
	return meddleFor(t, patience, edit)
}

// meddleFor is meddle with a timeout for the handshake.
func meddleFor(t testing.TB, timeout time.Duration, edit func(to direction, at int, frame []byte) [][]byte) *meddler {
	t.Helper()
	clientEnd, left := newPipe("client")
	right, serverEnd := newPipe("server")
	t.Cleanup(func() { clientEnd.Close(); left.Close(); right.Close(); serverEnd.Close() })
	pump := func(from, to stream, d direction) {
		defer to.CloseWrite()
		greeting := make([]byte, greetingSize)
		if _, err := io.ReadFull(from, greeting); err != nil || writeAll(to, greeting) != nil {
			return
		}
		for at := 0; ; at++ {
			frame, err := readRawFrame(from)
			if err != nil {
				return
			}
			for _, f := range edit(d, at, frame) {
				if writeAll(to, f) != nil {
					return
				}
			}
		}
	}
	go pump(left, right, toServer)
	go pump(right, left, toClient)

	m := new(meddler)
	var both sync.WaitGroup
	both.Go(func() { m.client, m.clientError = connectEnd(clientEnd, curveDialer(), false, timeout) })
	both.Go(func() { m.server, m.serverError = connectEnd(serverEnd, curveListener(), true, timeout) })
	within(t, "handshake", func() (any, error) { both.Wait(); return nil, nil })
	return m
}

func connectEnd(s stream, security Security, listener bool, timeout time.Duration) (*Conn, error) {
	o := Options{SocketType: "DEALER", Security: security, HandshakeTimeout: timeout}.withDefaults()
	c, err := connect(s, &o, listener)
	if err != nil {
		s.Close()
	}
	return c, err
}

// receive returns what side d receives, as frames, or its error, be it from the handshake.
func (m *meddler) receive(t testing.TB, d direction) ([]string, error) {
	t.Helper()
	c, err := m.server, m.serverError
	if d == toClient {
		c, err = m.client, m.clientError
	}
	if err != nil {
		return nil, err
	}
	got, err := within(t, "Recv", c.Recv)
	if err != nil {
		return nil, err
	}
	defer got.Release()
	return frameStrings(got), nil
}

// send makes both sides that are up send a message.
func (m *meddler) send() {
	for _, c := range []*Conn{m.client, m.server} {
		if c != nil {
			c.Send(nil, msg("hello"))
		}
	}
}

func readRawFrame(r io.Reader) ([]byte, error) {
	b := make([]byte, shortHeader, longHeader)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	b = b[:headerSize(b[0])]
	if _, err := io.ReadFull(r, b[shortHeader:]); err != nil {
		return nil, err
	}
	h, _ := decodeHeader(b)
	frame := append(b, make([]byte, h.len)...)
	_, err := io.ReadFull(r, frame[len(b):])
	return frame, err
}

// cutRaw splits a frame in wire form into flags and body.
func cutRaw(frame []byte) (flags byte, body []byte) {
	h, _ := decodeHeader(frame)
	return h.flags &^ flagLong, frame[h.size:]
}

func rawFrame(flags byte, body []byte) []byte {
	return append(appendHeader(nil, flags, len(body)), body...)
}

func TestNothingThatWasAlteredIsAccepted(t *testing.T) {
	alterations := map[string]func(body []byte, i int) []byte{
		"bit flipped": func(b []byte, i int) []byte { b[i] ^= 1 << (i % 8); return b },
		"cut":         func(b []byte, i int) []byte { return b[:i] },
	}
	sizes := frameSizes(t)
	for _, step := range steps {
		for name, alter := range alterations {
			t.Run(fmt.Sprintf("%s %s, %s", step.name, step.to, name), func(t *testing.T) {
				t.Parallel()
				for i := range sizes[step.to][step.at] {
					if padding := i >= 8 && i < 8+helloPadding; step.name == "HELLO" && name == "bit flipped" && padding {
						continue // nobody looks at it
					}
					m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
						if to == step.to && at == step.at {
							flags, body := cutRaw(frame)
							frame = rawFrame(flags, alter(body, i))
						}
						return [][]byte{frame}
					})
					m.send()
					got, err := m.receive(t, step.to)
					if !errors.Is(err, ErrProtocol) && !errors.Is(err, errHello) {
						t.Errorf("at byte %d: received %q, %v", i, got, err)
					}
				}
			})
		}
	}
}

// frameSizes returns the sizes of the bodies of the frames that an undisturbed
// connection sends, and checks that it works.
func frameSizes(t *testing.T) map[direction][]int {
	t.Helper()
	var mu sync.Mutex
	sizes := make(map[direction][]int)
	m := meddle(t, func(to direction, _ int, frame []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		_, body := cutRaw(frame)
		sizes[to] = append(sizes[to], len(body))
		return [][]byte{frame}
	})
	m.send()
	for _, d := range []direction{toServer, toClient} {
		if got, err := m.receive(t, d); err != nil || !slices.Equal(got, []string{"hello"}) {
			t.Fatalf("undisturbed, %v: received %q, %v", d, got, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return sizes
}

func TestNothingIsAcceptedTwice(t *testing.T) {
	for _, step := range steps {
		t.Run(fmt.Sprintf("%s %s", step.name, step.to), func(t *testing.T) {
			m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
				if to == step.to && at == step.at {
					return [][]byte{frame, frame}
				}
				return [][]byte{frame}
			})
			m.send()
			got, err := m.receive(t, step.to)
			if step.name == "MESSAGE" {
				if err != nil || got[0] != "hello" {
					t.Fatalf("the first time: %q, %v", got, err)
				}
				got, err = m.receive(t, step.to)
			}
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("received %q, %v", got, err)
			}
		})
	}
}

func TestWhatWasRecordedOpensNoOtherConnection(t *testing.T) {
	recorded := map[direction]map[int][]byte{toServer: {}, toClient: {}}
	var mu sync.Mutex
	m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		recorded[to][at] = bytes.Clone(frame)
		return [][]byte{frame}
	})
	m.send()
	for _, d := range []direction{toServer, toClient} {
		if _, err := m.receive(t, d); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("played to a server", func(t *testing.T) {
		clientEnd, serverEnd := newPipe("recording")
		defer clientEnd.Close()
		played := greeting{version: ours, mechanism: Curve}.encode()
		for at := range 3 {
			played = append(played, recorded[toServer][at]...)
		}
		writeAll(clientEnd, played)
		if c, err := connectEnd(serverEnd, curveListener(), true, patience); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "cookie") {
			t.Errorf("%v, %v", c, err)
		}
	})
	for from := 1; from < 3; from++ {
		t.Run(fmt.Sprintf("from frame %d on", from), func(t *testing.T) {
			for _, d := range []direction{toServer, toClient} {
				m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
					if old := recorded[to][at]; to == d && at >= from && old != nil {
						frame = old
					}
					return [][]byte{frame}
				})
				m.send()
				if got, err := m.receive(t, d); !errors.Is(err, ErrProtocol) {
					t.Errorf("%v: received %q, %v", d, got, err)
				}
			}
		})
	}
}

func TestMESSAGEsOutOfOrderOrSentBackAreRefused(t *testing.T) {
	t.Run("swapped", func(t *testing.T) {
		var first []byte
		m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
			switch {
			case to == toServer && at == 2:
				first = frame
				return nil
			case to == toServer && at == 3:
				return [][]byte{frame, first}
			}
			return [][]byte{frame}
		})
		m.send()
		m.send()
		if _, err := m.receive(t, toServer); err != nil {
			t.Fatal(err)
		}
		if got, err := m.receive(t, toServer); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "does not grow") {
			t.Errorf("received %q, %v", got, err)
		}
	})
	t.Run("sent back", func(t *testing.T) {
		fromServer := make(chan []byte, 2)
		m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
			if at < 2 {
				return [][]byte{frame}
			}
			if to == toClient {
				fromServer <- frame
				return nil
			}
			<-fromServer // its counter is too low in any case
			return [][]byte{<-fromServer}
		})
		m.send()
		m.server.Send(nil, msg("again"))
		if got, err := m.receive(t, toServer); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "does not open") {
			t.Errorf("received %q, %v", got, err)
		}
	})
}

// cheatingClient goes through the handshake as far as WELCOME and leaves the
// rest to cheat, which may also change what it has. It returns the server's error.
func cheatingClient(t *testing.T, transient SecretKey, cheat func(c *curveClient) error) error {
	t.Helper()
	clientEnd, serverEnd := newPipe("cheat")
	defer clientEnd.Close()
	go func() {
		o := Options{SocketType: "DEALER", Security: curveDialer(), HandshakeTimeout: patience}.withDefaults()
		h := &handshake{s: clientEnd, o: &o, announce: "DEALER"}
		c := &curveClient{h: h, transient: transient}
		if err := h.greet(); err != nil {
			t.Error(err)
		}
		if c.greet() == nil {
			cheat(c)
		}
	}()
	_, err := within(t, "handshake", func() (*Conn, error) {
		c, err := connectEnd(serverEnd, curveListener(), true, patience)
		if err == nil {
			c.Close()
		}
		return nil, err
	})
	return err
}

func TestCheatingClientsAreRefused(t *testing.T) {
	// initiate sends an INITIATE made of the parts given.
	initiate := func(c *curveClient, counter uint64, client PublicKey, vouch, metadata []byte) error {
		plain := slices.Concat(client[:], vouch, metadata)
		return c.h.send(cmdInitiate, c.traffic.sealCounted(c.cookie, nonceInitiate, counter, plain))
	}
	// vouch makes one by the owner of key, for inside.
	vouch := func(c *curveClient, key SecretKey, client, server PublicKey) []byte {
		k, err := agree(c.server, key)
		if err != nil {
			t.Fatal(err)
		}
		return k.sealRandom(nil, nonceVouch, slices.Concat(client[:], server[:]))
	}
	public, server, stranger := clientKey().Public(), serverKey().Public(), GenerateKey()
	for name, test := range map[string]struct {
		cheat  func(c *curveClient) error
		reason string
	}{
		"honest": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, ""},
		"counter of HELLO again": {func(c *curveClient) error {
			return initiate(c, 1, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, "counter"},
		"another's public key": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, stranger, c.transient.Public(), server), c.h.metadata())
		}, "vouch"},
		"vouch for another connection": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), stranger.Public(), server), c.h.metadata())
		}, "vouch"},
		"vouch for another server": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), stranger.Public()), c.h.metadata())
		}, "vouch"},
		"weak public key": {func(c *curveClient) error {
			return initiate(c, 2, PublicKey{}, make([]byte, vouchSize), c.h.metadata())
		}, "weak public key"},
		"no vouch": {func(c *curveClient) error {
			return initiate(c, 2, public, nil, nil)
		}, "INITIATE of"},
		"cookie of its own": {func(c *curveClient) error {
			rubbish := boxKey{}
			c.cookie = rubbish.sealRandom(nil, nonceCookie, make([]byte, 2*KeySize))
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), c.h.metadata())
		}, "cookie"},
		"no metadata": {func(c *curveClient) error {
			return initiate(c, 2, public, vouch(c, clientKey(), c.transient.Public(), server), nil)
		}, "Socket-Type"},
		"READY of NULL": {func(c *curveClient) error {
			return c.h.sendReady()
		}, `"READY" where INITIATE was due`},
		"message at once": {func(c *curveClient) error {
			return writeAll(c.h.s, AppendFrame(nil, []byte("hi"), false))
		}, "before the handshake was over"},
	} {
		t.Run(name, func(t *testing.T) {
			err := cheatingClient(t, GenerateKey(), test.cheat)
			if (err == nil) != (test.reason == "") || err != nil && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("server: %v, want %q", err, test.reason)
			}
		})
	}
}

func TestWeakTransientKeyIsRefused(t *testing.T) {
	m := meddle(t, func(to direction, at int, frame []byte) [][]byte {
		if to == toServer && at == 0 {
			_, body := cutRaw(frame)
			clear(body[8+helloPadding:][:KeySize])
		}
		return [][]byte{frame}
	})
	if err := m.serverError; !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "weak") {
		t.Errorf("server: %v", err)
	}
}

func TestBadTrafficUnderCURVEClosesTheConnectionWithTheReason(t *testing.T) {
	o := limits
	o.Security, o.MaxHandshake = curveListener(), 400
	for name, test := range map[string]struct {
		sent   func(s *sealer) []byte
		reason string
	}{
		"not encrypted":          {func(*sealer) []byte { return AppendFrame(nil, []byte("hi"), false) }, "not encrypted"},
		"not encrypted, long":    {func(*sealer) []byte { return AppendFrame(nil, make([]byte, 900), false) }, "not encrypted"},
		"PING not encrypted":     {func(*sealer) []byte { return pingFrame("x") }, "not encrypted"},
		"ERROR not encrypted":    {func(*sealer) []byte { return appendCommand(nil, cmdError, []byte("\x03400")) }, "not encrypted"},
		"empty frame":            {func(*sealer) []byte { return []byte{0, 0} }, "not encrypted"},
		"too short for a box":    {func(*sealer) []byte { return rawFrame(0, []byte(messageName+"12345678")) }, "not encrypted"},
		"MORE outside":           {func(s *sealer) []byte { b := s.append(nil, 0, nil); b[0] |= flagMore; return b }, "outside of its box"},
		"reserved flags outside": {func(s *sealer) []byte { b := s.append(nil, 0, nil); b[0] |= 8; return b }, "reserved flags"},
		"reserved flags inside":  {func(s *sealer) []byte { return s.append(nil, 4, nil) }, "flags 0x04"},
		"command with MORE":      {func(s *sealer) []byte { return s.append(nil, sealedCommand|sealedMore, []byte("\x01x")) }, "flags 0x03"},
		"malformed command":      {func(s *sealer) []byte { return s.append(nil, sealedCommand, []byte{9, 'x'}) }, "malformed command"},
		"PING without a TTL":     {func(s *sealer) []byte { return s.appendCommand(nil, cmdPing, []byte{1}) }, "PING"},
		"command over the limit": {func(s *sealer) []byte { return s.appendCommand(nil, "LONG", make([]byte, 500)) }, "command of 505 bytes"},
		"ERROR":                  {func(s *sealer) []byte { return s.appendCommand(nil, cmdError, []byte("\x03bye")) }, "bye"},
		"frame over the limit":   {func(s *sealer) []byte { return s.append(nil, 0, make([]byte, 1001)) }, "at most"},
		"frame of 2^62":          {func(*sealer) []byte { return longFrame(0, 1<<62, messageName) }, "at most"},
		"frame of 2^63":          {func(*sealer) []byte { return longFrame(0, 1<<63, messageName) }, "top bit"},
		"message over the limit": {func(s *sealer) []byte {
			return s.appendFrames(nil, bytes.Repeat(AppendFrame(nil, make([]byte, 900), true), 3))
		}, "more than 2000 bytes"},
		"endless MORE": {func(s *sealer) []byte {
			return s.appendFrames(nil, bytes.Repeat([]byte{flagMore, 0}, 1000))
		}, "more than 5 frames"},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, "inproc://"+t.Name(), o, Options{Security: curveDialer()})
			go writeAll(b.s, test.sent(b.out.seal))
			if _, err := within(t, "Recv", a.Recv); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Recv: %v, want an error that names %q", err, test.reason)
			}
		})
	}
}

func TestTrafficAtTheLimitsPassesUnderCURVE(t *testing.T) {
	o := limits
	o.Security, o.MaxHandshake = curveListener(), 400
	a, b := pair(t, "tcp://127.0.0.1:0", o, Options{Security: curveDialer()})
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

func TestPeerThatLeavesWithinAMessageUnderCURVEIsNoCleanClose(t *testing.T) {
	for name, cut := range map[string]func(s *sealer) []byte{
		"in a header":     func(s *sealer) []byte { return s.append(nil, 0, []byte("x"))[:1] },
		"in a box":        func(s *sealer) []byte { return s.append(nil, 0, []byte("x"))[:20] },
		"in a large box":  func(s *sealer) []byte { return s.append(nil, 0, make([]byte, 100_000))[:90_000] },
		"between frames":  func(s *sealer) []byte { return s.append(nil, sealedMore, []byte("x")) },
		"between, opened": func(s *sealer) []byte { return s.append(s.append(nil, 0, nil), sealedMore, []byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, "tcp://127.0.0.1:0", Options{Security: curveListener()}, Options{Security: curveDialer()})
			writeAll(b.s, cut(b.out.seal))
			b.Close()
			var err error
			for err == nil { // a whole message may come first
				var m Message
				if m, err = within(t, "Recv", a.Recv); err == nil {
					a.Buffered()
					m.Release()
				}
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Recv: %v", err)
			}
		})
	}
}

func TestBufferedTellsWhetherRecvWillWaitUnderCURVE(t *testing.T) {
	a, b := pair(t, "tcp://127.0.0.1:0", Options{Security: curveListener()}, Options{Security: curveDialer()})
	s := b.out.seal
	sent := s.append(nil, 0, []byte("1"))
	sent = s.appendCommand(sent, cmdPing, []byte{0, 0})
	sent = s.append(s.append(sent, sealedMore, nil), 0, []byte("2"))
	sent = s.append(sent, sealedMore, []byte("half a message"))
	writeAll(b.s, sent)
	for i, buffered := range []bool{true, false} {
		recvFrames(t, a)
		if got := a.Buffered(); got != buffered {
			t.Errorf("after message %d: %v", i+1, got)
		}
	}
	writeAll(b.s, s.append(nil, 0, []byte("its end")))
	if got := recvFrames(t, a); !slices.Equal(got, []string{"half a message", "its end"}) {
		t.Errorf("received %q", got)
	}
}

package zmtp

// A connection with CURVE and someone in between who can change what is said.

import (
	"io"
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

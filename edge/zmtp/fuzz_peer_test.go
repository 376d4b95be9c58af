package zmtp

// Fuzz targets for whole conversations and for commands. The seeds are all the
// hostile cases; testdata/fuzz adds what fuzzing has found worth keeping.

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

// FuzzPeer lets a listener meet a peer that says data and hangs up. Whatever it
// was, the connection ends with an error, every message has its frames, and
// what the listener says in return is well-formed.
func FuzzPeer(f *testing.F) {
	for _, test := range badHandshakes {
		f.Add(test.sent)
	}
	opening := append(nullGreeting(), readyFrame("DEALER")...)
	for _, test := range badTraffic {
		f.Add(append(bytes.Clone(opening), test.sent[:min(len(test.sent), 1000)]...))
	}
	f.Add(append(bytes.Clone(opening), pingFrame("context")...))
	f.Add(append(bytes.Clone(opening), AppendFrame(AppendFrame(nil, nil, true), []byte("body"), false)...))
	o := limits
	o.HandshakeTimeout = patience
	o.WriteTimeout = patience
	o = o.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		s, peer := newPipe("fuzz")
		said := make(chan []byte, 1)
		go func() {
			b, _ := io.ReadAll(peer)
			said <- b
		}()
		go func() {
			writeAll(peer, data)
			peer.CloseWrite()
		}()
		peer.SetDeadline(time.Now().Add(patience))
		if c, err := connect(s, &o, true); err == nil {
			receiveAll(t, c)
		}
		s.Close()
		mustBeWellFormed(t, <-said)
		peer.Close()
	})
}

func receiveAll(t *testing.T, c *Conn) {
	for {
		m, err := c.Recv()
		if err != nil {
			if isTimeout(err) {
				t.Errorf("Recv: %v", err)
			}
			return
		}
		if len(frameStrings(m)) != m.NumFrames() || m.NumFrames() > limits.MaxFrames || int64(m.Size()) > limits.MaxMessage {
			t.Errorf("message of %d frames, %d bytes", m.NumFrames(), m.Size())
		}
		m.Release()
	}
}

// mustBeWellFormed checks what we said: a greeting, or its beginning to a peer
// without a good one, then whole commands only.
func mustBeWellFormed(t *testing.T, b []byte) {
	greeting := b[:min(len(b), greetingSize)]
	if !bytes.HasPrefix(nullGreeting(), greeting) {
		t.Fatalf("our greeting was % x", greeting)
	}
	for b = b[len(greeting):]; len(b) > 0; {
		h, ok := decodeHeader(b)
		if !ok || h.check() != nil || !h.command() || h.len > uint64(len(b)-h.size) {
			t.Fatalf("we said % x", b)
		}
		end := h.size + int(h.len)
		if _, _, err := cutCommand(b[h.size:end]); err != nil {
			t.Fatalf("our command: %v", err)
		}
		b = b[end:]
	}
}

func FuzzCommands(f *testing.F) {
	for _, c := range [][]byte{
		pingFrame(""), pingFrame("context"), pingFrame(repeat("x", 17)), appendCommand(nil, cmdPong, nil),
		appendCommand(nil, cmdError, []byte("\x03no!")), appendCommand(nil, cmdError, []byte("\xffno")), readyFrame("REP"),
	} {
		h, _ := decodeHeader(c)
		f.Add(c[h.size:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		name, data, err := cutCommand(body)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("error %v is no protocol error", err)
			}
			return
		}
		again := appendCommand(nil, name, data)
		if h, _ := decodeHeader(again); !bytes.Equal(again[h.size:], body) {
			t.Errorf("%q, %q encode to % x", name, data, again)
		}
		if ttl, context, err := parsePing(data); err == nil {
			if ttl < 0 || ttl > 0xffff*ttlUnit || len(context) > maxPingContext || !bytes.HasPrefix(data[pingTTLSize:], context) {
				t.Errorf("PING with TTL %v and context %q", ttl, context)
			}
		}
		for _, c := range []byte(errorReason(data)) {
			if c < ' ' || c > '~' && c < 0x80 {
				t.Errorf("the reason %q is not fit to print", errorReason(data))
			}
		}
	})
}

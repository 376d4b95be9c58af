package zmtp

// MESSAGEs that break the rules or a limit, and the edges of reading them.

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

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

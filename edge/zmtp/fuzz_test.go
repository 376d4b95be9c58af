package zmtp

// Fuzz targets for everything that parses a peer's bytes.

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func FuzzGreeting(f *testing.F) {
	f.Add(nullGreeting())
	f.Add(greeting{version: Version{3, 0}, mechanism: "CURVE", asServer: true}.encode())
	for _, test := range badHandshakes {
		f.Add(test.sent)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := bytes.NewReader(data)
		g, err := readGreeting(src)
		if err != nil {
			return
		}
		if used := len(data) - src.Len(); used != greetingSize {
			t.Errorf("read %d bytes", used)
		}
		if g.version.Major < 3 || g.mechanism == "" {
			t.Errorf("accepted %+v", g)
		}
		again, err := readGreeting(bytes.NewReader(g.encode()))
		if err != nil || again != g {
			t.Errorf("%+v encodes to %+v, %v", g, again, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add(readyFrame("DEALER", "Identity", "me", "X-Other", "")[8:])
	f.Add([]byte("\x0bSocket-Type\xff\xff\xff\xffDEALER"))
	f.Fuzz(func(t *testing.T, data []byte) {
		properties, err := parseMetadata(data)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("error %v is no protocol error", err)
			}
			return
		}
		var encoded []byte
		for name, value := range properties {
			encoded = appendProperty(encoded, name, []byte(value))
		}
		if len(encoded) != len(data) {
			t.Errorf("%d bytes gave properties of %d", len(data), len(encoded))
		}
		var p Peer
		if err := p.setMetadata(properties); err == nil && p.SocketType == "" {
			t.Error("no socket type and no error")
		}
	})
}

// FuzzFrames holds the reader against the plain one below, whatever the pieces
// in which the bytes arrive.
func FuzzFrames(f *testing.F) {
	for _, test := range badTraffic {
		f.Add(test.sent)
	}
	f.Add(AppendFrame(AppendFrame(pingFrame("x"), nil, true), []byte("body"), false))
	f.Add(longFrame(0, 3, "abc")) // longer than need be, but allowed
	o := limits.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		want, wantClean := plainRead(data, &o)
		for name, src := range map[string]io.Reader{
			"whole":        bytes.NewReader(data),
			"byte by byte": iotest.OneByteReader(bytes.NewReader(data)),
		} {
			got, clean := readAll(t, src, &o)
			if !bytes.Equal(got, want) || clean != wantClean {
				t.Errorf("read %s: %q, clean %v; want %q, %v", name, got, clean, want, wantClean)
			}
		}
	})
}

// readAll returns all messages of src in wire form, and whether it ended
// between messages and without an error.
func readAll(t *testing.T, src io.Reader, o *Options) (wire []byte, clean bool) {
	r := newReader(src, o, func(body []byte) error {
		_, _, err := cutCommand(body)
		return err
	})
	small := &buffer{b: make([]byte, 0, commandView+longHeader), class: unpooled} // so that small inputs reach its edges
	small.refs.Store(1)
	r.move(small)
	r.size = len(r.buf)
	for {
		complete := r.complete()
		m, err := r.message()
		if err != nil {
			if complete && (err == io.EOF || err == io.ErrUnexpectedEOF) {
				t.Errorf("complete said that a message was there; message said %v", err)
			}
			return wire, err == io.EOF
		}
		wire = append(wire, m.wire()...)
		if n := len(frameStrings(m)); n != m.NumFrames() {
			t.Errorf("%d frames, says %d", n, m.NumFrames())
		}
		m.Release()
	}
}

// plainRead is readAll in the plainest way: over a slice, with no buffers.
func plainRead(data []byte, o *Options) (wire []byte, clean bool) {
	var message []byte
	frames := 0
	for len(data) > 0 {
		h, ok := decodeHeader(data)
		if !ok || h.check() != nil {
			return wire, false
		}
		limit := uint64(o.MaxFrame)
		if h.command() {
			limit = uint64(o.MaxHandshake)
		}
		if h.len > limit || h.len > uint64(len(data)-h.size) {
			return wire, false
		}
		end := h.size + int(h.len)
		if h.command() {
			if _, _, err := cutCommand(data[h.size:end]); err != nil {
				return wire, false
			}
		} else {
			message = append(message, data[:end]...)
			if frames++; frames > o.MaxFrames || int64(len(message)) > o.MaxMessage {
				return wire, false
			}
			if !h.more() {
				wire, message, frames = append(wire, message...), nil, 0
			}
		}
		data = data[end:]
	}
	return wire, frames == 0
}

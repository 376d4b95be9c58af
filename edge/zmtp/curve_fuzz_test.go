package zmtp

// Fuzz targets for CURVE. What a peer says is encrypted with keys that both ends
// make afresh, so bytes alone get no further than the first box: here an honest
// peer says it and the fuzzer edits it, before or after it is encrypted.

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"
)

// FuzzCurveHandshake edits one frame of a handshake between two honest ends, or
// the first one after it, and inserts bytes of its own behind it. Whoever gets them must
// come to an end, and accept nothing but what was not edited.
func FuzzCurveHandshake(f *testing.F) {
	for _, step := range steps {
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(0), []byte{})        // nothing
		f.Add(bool(step.to), uint8(step.at), uint16(1), byte(1), uint16(0), []byte{})        // the name
		f.Add(bool(step.to), uint8(step.at), uint16(100), byte(0x80), uint16(0), []byte{})   // the middle
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(1), []byte{})        // cut by one
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(0xffff), []byte{})   // cut off
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(0), pingFrame("x"))  // a command
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(0), []byte{0, 0})    // a message
		f.Add(bool(step.to), uint8(step.at), uint16(0), byte(0), uint16(0), []byte{4, 0xff}) // half a command
	}
	f.Fuzz(func(t *testing.T, toTheServer bool, at uint8, offset uint16, mask byte, cut uint16, inserted []byte) {
		to := direction(toTheServer)
		honest := mask == 0 && cut == 0 && len(inserted) == 0
		timeout := 300 * time.Millisecond
		if honest { // it must succeed, however slow the machine is
			timeout = patience
		}
		m := meddleFor(t, timeout, func(d direction, i int, frame []byte) [][]byte {
			if d != to || i != int(at) {
				return [][]byte{frame}
			}
			flags, body := cutRaw(frame)
			if int(offset) < len(body) {
				body[offset] ^= mask
			}
			body = body[:len(body)-min(len(body), int(cut))]
			return [][]byte{rawFrame(flags, body), inserted}
		})
		m.send()
		for _, c := range []*Conn{m.client, m.server} {
			if c != nil { // what was cut short must not wait for ever
				c.s.CloseWrite()
			}
		}
		got, err := m.receive(t, to)
		if err == nil && !slices.Equal(got, []string{"hello"}) {
			t.Errorf("received %q", got)
		}
		if err != nil && honest {
			t.Errorf("unedited, and yet: %v", err)
		}
	})
}

// FuzzSealedFrames seals the frames and commands in data and holds what the
// reader makes of them against what they were.
func FuzzSealedFrames(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(pingFrame("x"), nil, true), []byte("body"), false))
	f.Add(longFrame(0, 3, "abc"))
	f.Add(AppendFrame(nil, make([]byte, 300), true))
	f.Add(AppendFrame(AppendFrame(nil, make([]byte, readBuffer), true), make([]byte, 3), false))
	f.Add([]byte{flagCommand, 2, 9, 'P', 0, 0})
	o := Options{}.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		client, server := trafficPair()
		var sealed []byte
		var want [][]string
		var partial []string
		broken := false // by a malformed command
		for len(data) > 0 && !broken {
			h, ok := decodeHeader(data)
			if !ok || h.check() != nil || h.len > uint64(len(data)-h.size) || h.command() && h.len > uint64(o.MaxHandshake) {
				break
			}
			body := data[h.size:][:h.len]
			data = data[h.size+int(h.len):]
			if h.command() {
				sealed = client.seal.append(sealed, sealedCommand, body)
				_, _, err := cutCommand(body)
				broken = err != nil
				continue
			}
			sealed = client.seal.append(sealed, h.flags&flagMore, body)
			if partial = append(partial, string(body)); !h.more() {
				want, partial = append(want, partial), nil
			}
		}
		for _, src := range []io.Reader{bytes.NewReader(sealed), iotest.HalfReader(bytes.NewReader(sealed))} {
			reading := *server.open
			got, err := readSealed(t, src, &o, &reading)
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("read %q, want %q", got, want)
			}
			if clean := len(partial) == 0 && !broken; clean != (err == io.EOF) || broken != errors.Is(err, ErrProtocol) {
				t.Errorf("clean %v, broken %v, and yet: %v", clean, broken, err)
			}
		}
	})
}

// readSealed returns all messages of src, and how it ended.
func readSealed(t *testing.T, src io.Reader, o *Options, open *opener) (messages [][]string, err error) {
	r := newReader(src, o, func(body []byte) error {
		_, _, err := cutCommand(body)
		return err
	})
	r.sealed.opener = open
	for {
		complete := r.complete()
		m, err := r.message()
		if err != nil {
			if complete && (err == io.EOF || err == io.ErrUnexpectedEOF) {
				t.Errorf("complete said that a message was there; message said %v", err)
			}
			return messages, err
		}
		messages = append(messages, frameStrings(m))
		m.Release()
	}
}

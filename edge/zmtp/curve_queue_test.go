package zmtp

// The send queue of a connection with CURVE.

import (
	"bytes"
	"testing"
)

func TestQueueCountsSealedBytes(t *testing.T) {
	prefix := AppendFrame(AppendFrame(nil, []byte("id"), true), nil, true)
	for _, size := range []int{0, 1, shortMax - sealOverhead, shortMax - sealOverhead + 1, coalesceMax, 100_000} {
		client, server := trafficPair()
		o := outbox{maxMessages: 10, maxBytes: 1 << 20, seal: client.seal}
		m := msg("", repeat("x", size))
		if err := o.put(prefix, m.Retain()); err != nil {
			t.Fatal(err)
		}
		o.putCommand(cmdPing, []byte{0, 1})
		if refs := m.buf.refs.Load(); refs != 1 {
			t.Errorf("%d bytes: %d references after it was sealed, want 1", size, refs)
		}
		sent := bytes.Join(o.take(), nil)
		if o.bytes != int64(len(sent)) || o.messages != 1 || o.commands != 1 {
			t.Errorf("%d bytes: %d on the wire, counted %+v", size, len(sent), o)
		}
		options := Options{}.withDefaults()
		got, _ := readSealed(t, bytes.NewReader(sent), &options, server.open)
		if len(got) != 1 || len(got[0]) != 4 || got[0][0] != "id" || len(got[0][3]) != size {
			t.Errorf("%d bytes: received %d messages", size, len(got))
		}
		o.wrote(len(sent))
		if o.bytes != 0 || o.messages != 0 || o.commands != 0 || o.take() != nil {
			t.Errorf("%d bytes: not empty after all was written: %+v", size, o)
		}
		m.Release()
	}
}

func TestHighWaterMarkInSealedBytes(t *testing.T) {
	client, _ := trafficPair()
	wire := 2 * sealedSize(10)
	o := outbox{maxMessages: 10, maxBytes: int64(wire), seal: client.seal}
	body := make([]byte, 10)
	for i, want := range []error{nil, nil, ErrFull} {
		m := NewMessage(body)
		if err := o.put(nil, m); err != want {
			t.Errorf("message %d: %v, want %v", i, err, want)
		} else if err != nil {
			m.Release()
		}
	}
	if o.bytes != int64(wire) || client.seal.counter != 4 { // the counter was at 2
		t.Errorf("queued %d bytes, counter %d", o.bytes, client.seal.counter)
	}
	o.drop()
}

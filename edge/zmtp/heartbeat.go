package zmtp

// Heartbeat: the options for signs of life, and PING as it goes over the wire
// (ZMTP 3.1, RFC 37, "Heartbeating").

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Heartbeat configures PINGs and the death by silence. Only peers that announce ZMTP 3.1, or have
// sent a PING themselves, get PINGs and are taken for dead: for older peers a PING is garbage, and
// idle older peers have nothing to say. Every byte received is a sign of life, also in the middle
// of a message. Silence counts only while somebody is in Recv.
//
// Have it where a dead peer must be noticed soon, as between broker and worker. Do without for
// clients: libzmq stops answering while its application leaves messages unread, and would be taken
// for dead. The write deadline and TCP's keep-alive end those.
type Heartbeat struct {
	// Interval is the time between PINGs. Default 0: none are sent.
	Interval time.Duration

	// Timeout is the silence ending the connection with ErrSilent. Default 3 × Interval, and at
	// least 2 × Interval; negative: none.
	Timeout time.Duration

	// TTL is sent along with PINGs: a peer that hears nothing for TTL may take this side for dead.
	// Default Timeout; negative: none. TTL is rounded up to tenths of a second; at most 6553.5 s.
	TTL time.Duration
}

func (h Heartbeat) withDefaults() Heartbeat {
	orDefault(&h.Timeout, 3*h.Interval)
	orDefault(&h.TTL, h.Timeout)
	return h
}

func (h Heartbeat) check() error {
	h = h.withDefaults()
	if h.Interval < 0 || h.Timeout >= 0 && h.Timeout < 2*h.Interval {
		return fmt.Errorf("heartbeat every %v with a timeout of %v; it must be at least twice as long", h.Interval, h.Timeout)
	}
	return nil
}

// ping returns the data of a PING: a time to live and no context.
func (h Heartbeat) ping() []byte {
	units := (max(h.TTL, 0) + ttlUnit - 1) / ttlUnit
	return binary.BigEndian.AppendUint16(nil, uint16(min(units, math.MaxUint16)))
}

// parsePing decodes the data of a PING: the silence after which the peer wants to be taken for
// dead, 0 for never, and the context for the PONG. A context too long is cut, as libzmq does.
func parsePing(data []byte) (ttl time.Duration, context []byte, err error) {
	if len(data) < pingTTLSize {
		return 0, nil, protocolError("PING without a time to live")
	}
	context = data[pingTTLSize:]
	return time.Duration(binary.BigEndian.Uint16(data)) * ttlUnit, context[:min(len(context), maxPingContext)], nil
}

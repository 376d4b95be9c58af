package wire

// The broker's heartbeat: how it says how often heartbeats come.

import (
	"encoding/binary"
	"time"
)

// MaxHeartbeat is the longest time between heartbeats that a worker accepts.
const MaxHeartbeat = time.Hour

const heartbeatControlSize = 1 + 4

// HeartbeatControl returns the control frame of a broker's heartbeat. From then on broker and
// worker send something at least every interval, which is rounded up to a millisecond.
func HeartbeatControl(interval time.Duration) []byte {
	ms := (min(max(interval, 1), MaxHeartbeat) + time.Millisecond - 1) / time.Millisecond
	return binary.BigEndian.AppendUint32([]byte{byte(KindHeartbeat)}, uint32(ms))
}

// ParseHeartbeatControl returns the interval of a broker's heartbeat. ok is false if frame is of
// another kind, or names no interval between a millisecond and MaxHeartbeat.
func ParseHeartbeatControl(frame []byte) (interval time.Duration, ok bool) {
	if len(frame) < heartbeatControlSize || KindOf(frame) != KindHeartbeat {
		return 0, false
	}
	interval = time.Duration(binary.BigEndian.Uint32(frame[1:])) * time.Millisecond
	return interval, interval > 0 && interval <= MaxHeartbeat
}

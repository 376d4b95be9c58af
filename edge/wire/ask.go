package wire

import "encoding/binary"

// MaxHops is how many workers may pass a request on: a request of a worker that
// works on one with MaxHops is refused, so that a circle of workers ends.
const MaxHops = 8

// AskControl is the control frame with which a worker asks something itself,
// for the sake of a request that it works on.
type AskControl struct {
	Number uint64 // of this question, the worker's choice; the answer carries it
	For    uint64 // number of the dispatch that the worker works on
}

const askControlSize = 1 + 1 + 8 + 8

// Append appends c's frame body.
func (c *AskControl) Append(dst []byte) []byte {
	dst = append(dst, byte(KindAsk), 0)
	dst = binary.BigEndian.AppendUint64(dst, c.Number)
	return binary.BigEndian.AppendUint64(dst, c.For)
}

// ParseAskControl reads it; ok is false if frame is none.
func ParseAskControl(frame []byte) (c AskControl, ok bool) {
	if len(frame) < askControlSize || KindOf(frame) != KindAsk {
		return c, false
	}
	return AskControl{Number: binary.BigEndian.Uint64(frame[2:]), For: binary.BigEndian.Uint64(frame[10:])}, true
}

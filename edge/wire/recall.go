package wire

import "encoding/binary"

// Recall is the control frame with which a broker takes requests back, and
// with which a worker says what it gave back.
type Recall struct {
	// Abandoned: nobody waits for the answers. The worker also stops those that
	// it has begun, and answers them with whatever error it likes.
	Abandoned bool
	// Numbers are those of the dispatches, 8 bytes each, as they lie in the
	// frame; Each visits them.
	Numbers []byte
}

const recallHead = 1 + 1

// BeginRecall appends the head of a recall to dst; AppendRecalled adds a number.
func BeginRecall(dst []byte, abandoned bool) []byte {
	flags := byte(0)
	if abandoned {
		flags = 1
	}
	return append(dst, byte(KindRecall), flags)
}

// AppendRecalled appends a dispatch's number to a recall.
func AppendRecalled(dst []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(dst, number)
}

// ParseRecall reads it; ok is false if frame is none. Numbers is a view into frame.
func ParseRecall(frame []byte) (r Recall, ok bool) {
	if len(frame) < recallHead || KindOf(frame) != KindRecall || (len(frame)-recallHead)%8 != 0 {
		return r, false
	}
	return Recall{Abandoned: frame[1]&1 != 0, Numbers: frame[recallHead:]}, true
}

// Len is how many numbers there are.
func (r *Recall) Len() int { return len(r.Numbers) / 8 }

// Each calls f for every number.
func (r *Recall) Each(f func(number uint64)) {
	for n := r.Numbers; len(n) >= 8; n = n[8:] {
		f(binary.BigEndian.Uint64(n))
	}
}

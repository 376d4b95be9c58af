package wire

import "encoding/binary"

// Reclaim is the control frame of a message about several dispatches, of which there are
// two kinds. With KindReclaim a broker asks for requests back that a worker has not started.
// With KindCancel it says that nobody waits for the answers: the worker also stops those that
// it works on, and answers them with whatever error it likes. To each of both a worker answers
// with a KindReclaim that names the requests that it gave back.
type Reclaim struct {
	Kind Kind // KindReclaim or KindCancel
	// Numbers are the numbers of the dispatches, 8 bytes each, as they lie in the frame; Each
	// visits them.
	Numbers []byte
}

const reclaimHead = 1

// BeginReclaim appends the head of a frame to dst: kind is KindReclaim or KindCancel.
// AppendDispatch adds a number.
func BeginReclaim(dst []byte, kind Kind) []byte { return append(dst, byte(kind)) }

// AppendDispatch appends a dispatch's number to a frame that BeginReclaim began.
func AppendDispatch(dst []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(dst, number)
}

// ParseReclaim decodes the frame of a reclaim or a cancel. ok is false if frame is of another
// kind or malformed. The result refers to frame.
func ParseReclaim(frame []byte) (r Reclaim, ok bool) {
	kind := KindOf(frame)
	if kind != KindReclaim && kind != KindCancel || (len(frame)-reclaimHead)%8 != 0 {
		return r, false
	}
	return Reclaim{Kind: kind, Numbers: frame[reclaimHead:]}, true
}

// Len returns how many numbers there are.
func (r *Reclaim) Len() int { return len(r.Numbers) / 8 }

// Each calls f for every number.
func (r *Reclaim) Each(f func(number uint64)) {
	for n := r.Numbers; len(n) >= 8; n = n[8:] {
		f(binary.BigEndian.Uint64(n))
	}
}

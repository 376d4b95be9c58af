package wire

// Control frames: the binary first frames of messages between a broker and a trawl worker (a DEALER).
// The first byte is the kind of the message. PROTOCOL.md has the table of kinds.

import (
	"encoding/binary"
	"time"
)

// Kind is the first byte of a control frame.
type Kind byte

// The kinds. The direction is worker to broker (>), broker to worker (<) or both.
const (
	KindHello      Kind = 'H' // > the worker announces itself: Hello
	KindWelcome    Kind = 'W' // < the hello is accepted: Welcome
	KindRefused    Kind = 'X' // < the hello is refused: Error; the connection ends
	KindRequest    Kind = 'Q' // < do this: RequestControl, then the client's frames after the envelope
	KindReply      Kind = 'A' // > done: ReplyControl, then the frames for the client; < the answer to a sub-request, likewise
	KindSubRequest Kind = 'N' // > a request of the worker: SubRequestControl, then header and texts
	KindHeartbeat  Kind = 'B' // both: the peer is alive; from a worker with WorkerStats, and now and then Costs
	KindDrain      Kind = 'D' // > send no more requests; < no more requests will come, in answer or because the broker is draining
	KindStop       Kind = 'S' // < drain, then exit
	KindUpdate     Kind = 'U' // > rules in place of the hello's: Update
	KindReclaim    Kind = 'R' // < give back requests not started yet: Reclaim; > the requests given back, in answer to each reclaim and cancel
	KindCancel     Kind = 'C' // < nobody waits for these requests, give back or stop: Reclaim
)

// ControlFrame returns a control frame with a kind and nothing else.
func ControlFrame(k Kind) []byte { return []byte{byte(k)} }

// KindOf returns the kind of a control frame; 0 if the frame is empty.
func KindOf(frame []byte) Kind {
	if len(frame) == 0 {
		return 0
	}
	return Kind(frame[0])
}

// RequestControl is the control frame of a request to a worker.
type RequestControl struct {
	Number    uint64        // of the dispatch; valid on this connection only
	Full      bool          // header and texts follow; else the text alone
	Hops      uint8         // how many workers have passed the request on
	Remaining time.Duration // until the deadline, in whole milliseconds
	ID        uint64        // of the request, for logs; 0: not sent, to save bytes
}

const (
	requestControlSize = 1 + 1 + 1 + 8 + 4
	requestIDSize      = 8 // may follow
)

// Append appends the frame of c.
func (c *RequestControl) Append(dst []byte) []byte {
	flags := byte(0)
	if c.Full {
		flags = 1
	}
	dst = append(dst, byte(KindRequest), flags, c.Hops)
	dst = binary.BigEndian.AppendUint64(dst, c.Number)
	ms := min(max(c.Remaining.Milliseconds(), 0), 1<<32-1)
	dst = binary.BigEndian.AppendUint32(dst, uint32(ms))
	if c.ID != 0 {
		dst = binary.BigEndian.AppendUint64(dst, c.ID)
	}
	return dst
}

// ParseRequestControl decodes the frame of a request. ok is false if frame is of another kind or too
// short.
func ParseRequestControl(frame []byte) (c RequestControl, ok bool) {
	if len(frame) < requestControlSize || KindOf(frame) != KindRequest {
		return c, false
	}
	c = RequestControl{
		Full: frame[1]&1 != 0, Hops: frame[2],
		Number:    binary.BigEndian.Uint64(frame[3:]),
		Remaining: time.Duration(binary.BigEndian.Uint32(frame[11:])) * time.Millisecond,
	}
	if len(frame) >= requestControlSize+requestIDSize {
		c.ID = binary.BigEndian.Uint64(frame[requestControlSize:])
	}
	return c, true
}

// ReplyControl is the control frame of an answer: from a worker to the broker, or from the broker to
// a sub-request.
type ReplyControl struct {
	Number uint64 // of the dispatch, or of the sub-request
	Failed bool   // the answer is an error; for the broker's counters
}

const replyControlSize = 1 + 1 + 8

// Append appends the frame of c.
func (c *ReplyControl) Append(dst []byte) []byte {
	flags := byte(0)
	if c.Failed {
		flags = 1
	}
	dst = append(dst, byte(KindReply), flags)
	return binary.BigEndian.AppendUint64(dst, c.Number)
}

// ParseReplyControl decodes the frame of an answer. ok is false if frame is of another kind or too
// short.
func ParseReplyControl(frame []byte) (c ReplyControl, ok bool) {
	if len(frame) < replyControlSize || KindOf(frame) != KindReply {
		return c, false
	}
	return ReplyControl{Failed: frame[1]&1 != 0, Number: binary.BigEndian.Uint64(frame[2:])}, true
}

// MaxHops is how many workers may pass a request on. A sub-request for a parent with MaxHops is
// refused, which ends circles of workers.
const MaxHops = 8

// SubRequestControl is the control frame of a sub-request: a worker sends it while working on another
// request, the parent.
type SubRequestControl struct {
	Number uint64 // of the sub-request: the worker chooses, the answer echoes
	Parent uint64 // number of the dispatch of the parent
}

const subRequestControlSize = 1 + 1 + 8 + 8

// Append appends the frame of c.
func (c *SubRequestControl) Append(dst []byte) []byte {
	dst = append(dst, byte(KindSubRequest), 0)
	dst = binary.BigEndian.AppendUint64(dst, c.Number)
	return binary.BigEndian.AppendUint64(dst, c.Parent)
}

// ParseSubRequestControl decodes the frame of a sub-request. ok is false if frame is of another kind
// or too short.
func ParseSubRequestControl(frame []byte) (c SubRequestControl, ok bool) {
	if len(frame) < subRequestControlSize || KindOf(frame) != KindSubRequest {
		return c, false
	}
	return SubRequestControl{Number: binary.BigEndian.Uint64(frame[2:]), Parent: binary.BigEndian.Uint64(frame[10:])}, true
}

// Reclaim is the control frame of a message about several dispatches. With KindReclaim a broker asks
// for the return of requests not started yet. With KindCancel a broker says: nobody waits for the
// answers. Then the worker also stops started requests, and answers them with any error. A worker
// answers both kinds with a KindReclaim listing the requests given back.
type Reclaim struct {
	Kind Kind // KindReclaim or KindCancel
	// Numbers is a view of the frame with the numbers of the dispatches, 8 bytes each; see Each.
	Numbers []byte
}

const reclaimHead = 1

// BeginReclaim appends the head of a frame to dst: kind is KindReclaim or KindCancel.
// AppendDispatch adds a number.
func BeginReclaim(dst []byte, kind Kind) []byte { return append(dst, byte(kind)) }

// AppendDispatch appends the number of a dispatch to a frame begun by BeginReclaim.
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

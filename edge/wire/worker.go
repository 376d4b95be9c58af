package wire

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"trawl/edge/escape"
)

// What a broker and a trawl worker say to each other over a DEALER: every
// message begins with one control frame, whose first byte is its Kind.
// PROTOCOL.md has the table.

// ProtocolVersion is spoken here; a peer of another major version is refused.
const ProtocolVersion = "1.0"

const (
	// MissedHeartbeats after which the other side counts as lost.
	MissedHeartbeats = 3
	// WindowPerSlot is how many requests a worker holds for each of its slots at most,
	// of all its brokers together.
	WindowPerSlot = 32
	// MaxSlots is the most that a worker may have.
	MaxSlots = 1024
)

// Kind is the first byte of a control frame.
type Kind byte

// The kinds. The direction is worker to broker (>), broker to worker (<) or
// both.
const (
	KindHello     Kind = 'H' // > who I am: Hello
	KindWelcome   Kind = 'W' // < accepted: Welcome
	KindRefused   Kind = 'X' // < not accepted: Error; the connection ends
	KindRequest   Kind = 'Q' // < do this: RequestControl, then the client's frames after its envelope
	KindReply     Kind = 'A' // > done: ReplyControl, then the frames for the client; < the answer to an ask, in the same way
	KindAsk       Kind = 'N' // > a request of the worker's own: AskControl, then header and texts
	KindHeartbeat Kind = 'B' // both, when the peer says so: alive; from a worker with its WorkerStats, and now and then its Costs
	KindDrain     Kind = 'D' // > give me no more; < (in answer) no more will come; < the broker is draining
	KindStop      Kind = 'S' // < drain, then exit
	KindUpdate    Kind = 'U' // > other rules than in my hello: Update
	KindReclaim   Kind = 'R' // < give back what you have not started: Reclaim; > (in answer to R and C, always) what was given back
	KindCancel    Kind = 'C' // < nobody waits for these answers: give back or stop: Reclaim
)

// ControlFrame is a control frame that says nothing but its kind.
func ControlFrame(k Kind) []byte { return []byte{byte(k)} }

// MaxRuleSets is how many rule sets a worker may serve: a broker looks at each of them to
// choose the next request, if requests wait for most of them.
const MaxRuleSets = 400

// KindOf returns the kind of a control frame, 0 of an empty one.
func KindOf(frame []byte) Kind {
	if len(frame) == 0 {
		return 0
	}
	return Kind(frame[0])
}

// RequestControl is the control frame of a request on its way to a worker.
type RequestControl struct {
	Number    uint64        // of this dispatch; valid only on this connection
	Full      bool          // header and texts follow; else one frame, the text
	Hops      uint8         // how many workers have passed it on
	Remaining time.Duration // until the deadline, to the millisecond
	ID        uint64        // of the request, for logs; 0: not given, which saves its bytes
}

const (
	requestControlSize = 1 + 1 + 1 + 8 + 4
	requestIDSize      = 8 // may follow
)

// Append appends c's frame body.
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

// ParseRequestControl reads it; ok is false if frame is none.
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

// ReplyControl is the control frame of an answer: of a worker's on its way to
// the broker, or of the answer to what a worker has asked.
type ReplyControl struct {
	Number uint64 // the request's, or the AskControl's
	Failed bool   // the answer is an error; for the broker's counters
}

const replyControlSize = 1 + 1 + 8

// Append appends c's frame body.
func (c *ReplyControl) Append(dst []byte) []byte {
	flags := byte(0)
	if c.Failed {
		flags = 1
	}
	dst = append(dst, byte(KindReply), flags)
	return binary.BigEndian.AppendUint64(dst, c.Number)
}

// ParseReplyControl reads it; ok is false if frame is none.
func ParseReplyControl(frame []byte) (c ReplyControl, ok bool) {
	if len(frame) < replyControlSize || KindOf(frame) != KindReply {
		return c, false
	}
	return ReplyControl{Failed: frame[1]&1 != 0, Number: binary.BigEndian.Uint64(frame[2:])}, true
}

// RuleSet is one rule set that a worker serves.
type RuleSet struct {
	Name    string `json:"name"`
	Hash    string `json:"hash"` // SHA-256 of the pack, 64 hex digits
	Engine  string `json:"engine,omitempty"`
	Rules   int    `json:"rules"`
	Regexes int    `json:"regexes"`        // of the rules
	Bytes   int64  `json:"bytes"`          // of the pack
	Scan    string `json:"scan,omitempty"` // which way the worker scans with it, and why; for people
	// Longest is the most bytes of one literal: how far pieces of a long
	// line must overlap.
	Longest int `json:"longest"`
	// FailedReload is absent if the rules are those of the files.
	FailedReload *FailedReload `json:"failed_reload,omitempty"`
	// Unreadable: the pack's file cannot be read any more, nor be made again. The worker
	// answers no request for the rule set until another announcement says that it can.
	Unreadable bool `json:"unreadable,omitempty"`
}

// Hello is a worker's announcement.
type Hello struct {
	Protocol string          `json:"protocol"`
	Version  string          `json:"version"` // of the program
	Name     string          `json:"name"`
	Nonce    string          `json:"nonce"` // of the process: the same name and nonce is the same worker again
	Rules    []RuleSet       `json:"rules"`
	Slots    int             `json:"slots"`             // requests worked on at once
	Window   int             `json:"window,omitempty"`  // most requests it wants to hold; 0: the broker decides
	Reclaim  bool            `json:"reclaim,omitempty"` // understands Reclaim, of both kinds
	Board    json.RawMessage `json:"board,omitempty"`   // what board it is
	// Releases are the rule sets that take releases, with the release in use.
	Releases []ReleaseID `json:"releases,omitempty"`
}

// Welcome is a broker's answer to an accepted Hello.
type Welcome struct {
	Protocol    string `json:"protocol"`
	Version     string `json:"version"`
	Broker      string `json:"broker"`
	HeartbeatMS int64  `json:"heartbeat_ms"`      // send something at least this often; silent for 3 of them is lost
	Hops        int    `json:"hops"`              // how many workers may pass a request on; 0: workers cannot ask here
	Updates     bool   `json:"updates,omitempty"` // takes Update
	// Releases says that the broker takes Fetch and Outcome, and sends goals.
	Releases bool `json:"releases,omitempty"`
}

// WorkerStats is what a worker has done since it started; it comes with its
// heartbeats.
type WorkerStats struct {
	Requests      int64 `json:"requests"`
	Failed        int64 `json:"failed"`
	Texts         int64 `json:"texts"` // text frames, not lines
	Bytes         int64 `json:"bytes"`
	Matches       int64 `json:"matches"`
	BusyUS        int64 `json:"busy_us"`        // all slots together
	ResidentBytes int64 `json:"resident_bytes"` // 0: not known on its system

	// Window is the most requests that this broker may let it hold, as other
	// brokers send some, too; 0: it alone does.
	Window int `json:"window,omitempty"`

	BoardStats
}

// BoardStats is the part of WorkerStats that its board decides.
type BoardStats struct {
	// Slots is how many requests it works on at once now, at most those of its
	// Hello; 0: as many. Fewer while the board is hot or short of power.
	Slots   int             `json:"slots,omitempty"`
	Health  json.RawMessage `json:"health,omitempty"` // how the board feels
	UptimeS int64           `json:"uptime_s,omitempty"`
}

// JSONFrame makes the body of a frame that carries v, which must be one of
// this package's structs. Its strings hold nothing hidden; see [escape.JSON].
func JSONFrame(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: " + err.Error()) // unreachable: the structs hold nothing that cannot be marshalled
	}
	return escape.JSON(b)
}

// RuleNames returns the names of sets, as name@hash.
func RuleNames(sets []RuleSet) []string {
	names := make([]string, len(sets))
	for i := range sets {
		names[i] = RulesName(sets[i].Name, sets[i].Hash)
	}
	return names
}

package wire

// Releases of rules on their way from a broker to its workers. Every message begins with a
// control frame, as all messages between a broker and a worker do. Numbers are big-endian.
//
//	G goal     <  'G', a retry's id or 0 for each set (8 bytes each); document, signature for each set
//	F fetch    >  'F', 0, number (8), SHA-256 of the chunk (32), offset (8), length (4)
//	P part     <  'P', flags (bit 0: the chunk ends here), number (8), offset (8), later (4, ms); bytes
//	O outcome  >  'O'; JSON, a list of Outcome

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"trawl/edge/escape"
)

// The kinds of the messages.
const (
	KindGoal    Kind = 'G' // < the releases that the worker should have
	KindFetch   Kind = 'F' // > send a part of a chunk: Fetch
	KindPart    Kind = 'P' // < the part: Part
	KindOutcome Kind = 'O' // > what has become of goals: a list of Outcome
)

const (
	// MaxPart is the most bytes of a chunk in one Part.
	MaxPart = 64 << 10
	// MaxOutcomes is the most bytes of the list of outcomes.
	MaxOutcomes = 256 << 10
	// MaxOutcomeError is the most bytes of the reason in an Outcome.
	MaxOutcomeError = 1 << 10
	// maxLater bounds how long a broker may put a worker off.
	maxLater = time.Hour
)

// Fetch asks a broker for a part of a chunk. A worker has one Fetch outstanding.
type Fetch struct {
	Number uint64   // of the worker's choice; the Part repeats the number
	Chunk  [32]byte // SHA-256 of the chunk's plain bytes
	Offset int64    // into the compressed bytes of the chunk
	Length int      // most bytes wanted, 1 to MaxPart
}

const fetchSize = 2 + 8 + 32 + 8 + 4

// Append appends the control frame.
func (f *Fetch) Append(dst []byte) []byte {
	dst = append(dst, byte(KindFetch), 0)
	dst = binary.BigEndian.AppendUint64(dst, f.Number)
	dst = append(dst, f.Chunk[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(f.Offset))
	return binary.BigEndian.AppendUint32(dst, uint32(f.Length))
}

// ParseFetch reads a control frame; ok is false if the frame is no Fetch, or asks for
// what no chunk has.
func ParseFetch(frame []byte) (f Fetch, ok bool) {
	if len(frame) != fetchSize || KindOf(frame) != KindFetch || frame[1] != 0 {
		return f, false
	}
	f.Number = binary.BigEndian.Uint64(frame[2:])
	copy(f.Chunk[:], frame[10:])
	offset, length := binary.BigEndian.Uint64(frame[42:]), binary.BigEndian.Uint32(frame[50:])
	if offset > 1<<31-1 || length < 1 || length > MaxPart {
		return Fetch{}, false
	}
	f.Offset, f.Length = int64(offset), int(length)
	return f, true
}

// Part is a broker's answer to a Fetch. Without bytes the chunk is not there (Later is 0),
// or the worker shall ask again after Later.
type Part struct {
	Number uint64
	Offset int64
	Last   bool          // no byte of the chunk follows
	Later  time.Duration // to the millisecond, at most an hour
	Bytes  []byte        // at most MaxPart; a view into the message
}

const partSize = 2 + 8 + 8 + 4

// Append appends the control frame; the bytes, if there are any, are a frame of their own.
func (p *Part) Append(dst []byte) []byte {
	flags := byte(0)
	if p.Last {
		flags = 1
	}
	dst = append(dst, byte(KindPart), flags)
	dst = binary.BigEndian.AppendUint64(dst, p.Number)
	dst = binary.BigEndian.AppendUint64(dst, uint64(p.Offset))
	return binary.BigEndian.AppendUint32(dst, uint32(min(max(p.Later, 0), maxLater).Milliseconds()))
}

// ParsePart reads the frames of a message, the control frame first; ok is false if the
// frames are no Part.
func ParsePart(frames [][]byte) (p Part, ok bool) {
	if len(frames) < 1 || len(frames) > 2 {
		return p, false
	}
	control := frames[0]
	if len(control) != partSize || KindOf(control) != KindPart || control[1] > 1 {
		return p, false
	}
	offset := binary.BigEndian.Uint64(control[10:])
	later := time.Duration(binary.BigEndian.Uint32(control[18:])) * time.Millisecond
	if offset > 1<<31-1 || later > maxLater {
		return p, false
	}
	p = Part{Number: binary.BigEndian.Uint64(control[2:]), Offset: int64(offset), Last: control[1] == 1, Later: later}
	if len(frames) == 2 {
		p.Bytes = frames[1]
	}
	switch n := len(p.Bytes); {
	case n > MaxPart:
		return Part{}, false
	case n == 0 && (p.Last || len(frames) == 2):
		return Part{}, false // no compressed chunk ends in nothing
	case n > 0 && p.Later > 0:
		return Part{}, false
	}
	return p, true
}

// Goal is one release that a worker should have, as far as the broker knows.
type Goal struct {
	Document  []byte // as signed
	Signature []byte // empty: the release is not signed
	// Retry names a request of an administrator to try a release once more that has crashed
	// or failed. A worker heeds each value once; 0: nobody has asked.
	Retry uint64
}

// GoalFrames returns the frames of a message with goals, one for each rule set.
func GoalFrames(goals []Goal) [][]byte {
	control := []byte{byte(KindGoal)}
	frames := [][]byte{nil}
	for _, g := range goals {
		control = binary.BigEndian.AppendUint64(control, g.Retry)
		frames = append(frames, g.Document, g.Signature)
	}
	frames[0] = control
	return frames
}

// ParseGoals reads the frames of a message, the control frame first. The documents are as
// they came: whoever takes one checks the signature first. ok is false if the frames are no
// goals. The slices are views into the message.
func ParseGoals(frames [][]byte) (goals []Goal, ok bool) {
	if len(frames) == 0 || KindOf(frames[0]) != KindGoal {
		return nil, false
	}
	retries, rest := frames[0][1:], frames[1:]
	if len(rest) > 2*MaxRuleSets || len(rest)%2 != 0 || len(retries) != 8*(len(rest)/2) {
		return nil, false
	}
	for len(rest) > 0 {
		goals = append(goals, Goal{Document: rest[0], Signature: rest[1], Retry: binary.BigEndian.Uint64(retries)})
		retries, rest = retries[8:], rest[2:]
	}
	return goals, true
}

// ReleaseID names a release: in a worker's hello for each rule set that takes releases
// (Number is 0 if there is none yet), and in outcomes.
type ReleaseID struct {
	Set    string `json:"set"`
	Number uint64 `json:"number"`
	Hash   string `json:"hash,omitempty"` // SHA-256 of the document, 64 hex digits
}

// OutcomeState is what has become of a goal at a worker.
type OutcomeState string

// The states, in the order in which a release goes through them; the last three end there.
const (
	StateFetching OutcomeState = "fetching" // chunks are on their way
	StateChecking OutcomeState = "checking" // whole; hash and examples are checked
	StateLoading  OutcomeState = "loading"  // the pack is opened, perhaps compiled first
	StateActive   OutcomeState = "active"   // requests are answered with the release
	StateRefused  OutcomeState = "refused"  // not trusted, or no room for the release
	StateFailed   OutcomeState = "failed"   // could not be fetched, checked or loaded
	StateCrashed  OutcomeState = "crashed"  // ended the process, and was taken back
)

// Known reports whether the state is one of the constants.
func (s OutcomeState) Known() bool {
	switch s {
	case StateFetching, StateChecking, StateLoading, StateActive, StateRefused, StateFailed, StateCrashed:
		return true
	}
	return false
}

// Outcome is what a worker says of a release.
type Outcome struct {
	ReleaseID
	State  OutcomeState `json:"state"`
	Error  string       `json:"error,omitempty"`  // the reason, for people; at most MaxOutcomeError bytes
	Memory int64        `json:"memory,omitempty"` // bytes that the release takes at this worker
}

// OutcomesFrame returns the body of the frame behind the control frame.
func OutcomesFrame(list []Outcome) []byte {
	cutList := make([]Outcome, len(list))
	for i, o := range list {
		o.Error = shorten(escape.Line(o.Error), MaxOutcomeError)
		cutList[i] = o
	}
	return JSONFrame(cutList)
}

// shorten returns at most so many bytes of s, whole characters.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// ParseOutcomes reads the frame behind the control frame. The error says what is wrong.
func ParseOutcomes(frame []byte) ([]Outcome, error) {
	if len(frame) > MaxOutcomes {
		return nil, fmt.Errorf("the outcomes have %d bytes, at most %d are allowed", len(frame), MaxOutcomes)
	}
	var list []Outcome
	if err := json.Unmarshal(frame, &list); err != nil {
		return nil, escape.Errorf("the outcomes are no list in JSON: %v", err)
	}
	if len(list) > MaxRuleSets {
		return nil, fmt.Errorf("%d outcomes, at most %d are allowed", len(list), MaxRuleSets)
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (o *Outcome) check() error {
	switch {
	case !ValidReleaseSet(o.Set):
		return escape.Errorf("an outcome names the rule set %q, which cannot have releases", o.Set)
	case !o.State.Known():
		return escape.Errorf("an outcome of %s has the unknown state %q", o.Set, string(o.State))
	case len(o.Error) > MaxOutcomeError || escape.Hides(o.Error):
		return fmt.Errorf("the reason in an outcome of %s is too long, or holds characters that cannot be seen", o.Set)
	case o.Memory < 0:
		return fmt.Errorf("an outcome of %s takes %d bytes of memory", o.Set, o.Memory)
	}
	return checkReleaseID(&o.ReleaseID)
}

// ValidReleaseSet reports whether a rule set of that name can have releases: 1 to 64 of
// a-z, 0-9, '.', '_' and '-', the first a letter or a digit. Folders are named after sets.
func ValidReleaseSet(name string) bool {
	if len(name) < 1 || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

func checkReleaseID(id *ReleaseID) error {
	if (id.Number == 0) != (id.Hash == "") || id.Hash != "" && (len(id.Hash) != 64 || !validHash(id.Hash)) {
		return escape.Errorf("release %d of %s does not come with the SHA-256 of its document", id.Number, id.Set)
	}
	return nil
}

// CheckReleaseIDs looks at the list of a hello: each rule set once.
func CheckReleaseIDs(list []ReleaseID) error {
	if len(list) > MaxRuleSets {
		return fmt.Errorf("%d rule sets with releases, at most %d are allowed", len(list), MaxRuleSets)
	}
	seen := make(map[string]bool, len(list))
	for i := range list {
		id := &list[i]
		if !ValidReleaseSet(id.Set) {
			return escape.Errorf("the rule set %q cannot have releases", id.Set)
		}
		if seen[id.Set] {
			return errors.New("a rule set with releases is named twice: " + id.Set)
		}
		seen[id.Set] = true
		if err := checkReleaseID(id); err != nil {
			return err
		}
	}
	return nil
}

package wire

// Requests of clients: the envelope, and the header of the full form.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/mask"
	"trawl/edge/zmtp"
)

// An envelope has at most maxEnvelope frames, including the empty delimiter, and maxEnvelopeBytes in
// all bodies: a few identities of proxies. The broker keeps an envelope until the answer is sent.
const (
	maxEnvelope      = 8
	maxEnvelopeBytes = 1 << 10
)

// SplitEnvelope returns how many of m's first frames are the envelope. The answer must begin with
// the envelope. A single frame has no envelope. The envelope of a REQ is everything through the first
// empty frame. For a DEALER or ROUTER the first frame decides:
//
//   - empty: the envelope is this frame
//   - a header, beginning with a brace: there is no envelope
//   - anything else: the envelope ends with an empty frame (the client is behind a proxy); without an
//     empty frame within the bounds above there is no envelope
func SplitEnvelope(peerType string, m zmtp.Message) int {
	if m.NumFrames() == 1 {
		return 0
	}
	size := 0
	for i, frame := range m.Frames() {
		size += len(frame)
		switch {
		case len(frame) == 0:
			return i + 1
		case i+1 == maxEnvelope || size > maxEnvelopeBytes:
			return 0
		case i == 0 && frame[0] == '{' && peerType != "REQ":
			return 0
		}
	}
	return 0
}

// Defaults and bounds of a request's header; see PROTOCOL.md.
const (
	DefaultRules    = "default"
	DefaultDeadline = 10 * time.Second
	DefaultPriority = 4
	DefaultLimit    = 1000
	MaxPriority     = 9
	// MaxDeadline bounds deadline_ms: no request waits for longer than a day.
	MaxDeadline = 24 * time.Hour
	// MaxHeader bounds the bytes of a header frame.
	MaxHeader = 64 << 10
)

// Op is the operation of a request.
type Op string

// The operations: matching, and the control requests.
const (
	OpMatch       Op = "match"
	OpPing        Op = "ping"
	OpStatus      Op = "status"
	OpStop        Op = "stop"
	OpDrain       Op = "drain"
	OpReport      Op = "report"
	OpRuleMatches Op = "rule_matches" // how often each rule of a worker has matched; answered by a worker
)

// Format is the encoding of the result frames.
type Format string

// The result formats.
const (
	FormatJSON   Format = "json"
	FormatPacked Format = "packed"
)

// Fields is a set of extra fields of matches.
type Fields uint8

// The extra fields, in the order of fieldNames.
const (
	FieldText Fields = 1 << iota
	FieldTags
	FieldSeverity
	FieldMessage
	FieldData
	FieldGroups // what the named groups of a regex matched
)

var fieldNames = []string{"text", "tags", "severity", "message", "data", "groups"}

// RequestHeader is the header of a request in full form. NewRequestHeader returns the defaults. The
// table headerKeys says how each field is read and written.
type RequestHeader struct {
	ID       string // echoed in the answer if HasID
	HasID    bool
	Rules    string // rule set: a name, or name@hash
	Worker   string // name of the only worker to do the request; empty: any worker
	Deadline time.Duration
	Priority int
	Want     Want
	Mask     mask.Style // with WantMasked
	Limit    int        // max matches per text; 0: as many as the limits of the fleet allow
	Fields   Fields
	Lines    bool // split: lines; each line counts as a text
	Format   Format
	Op       Op
}

// NewRequestHeader returns the header of all defaults, in JSON an empty object.
func NewRequestHeader() RequestHeader {
	return RequestHeader{
		Rules: DefaultRules, Deadline: DefaultDeadline, Priority: DefaultPriority,
		Limit: DefaultLimit, Format: FormatJSON, Op: OpMatch,
	}
}

// Plain reports whether a plain worker can honour h. A plain worker gets the text only.
func (h *RequestHeader) Plain() bool {
	if h.Op != OpMatch {
		return false
	}
	for i := range headerKeys {
		if k := &headerKeys[i]; k.needsTrawl && k.isSet(h) {
			return false
		}
	}
	return true
}

// ParseRequestHeader decodes a header frame. Each error is an *Error with the code BadRequest and
// names the key. Beside an error, the returned header has the id, if readable.
func ParseRequestHeader(frame []byte) (RequestHeader, error) {
	h := NewRequestHeader()
	if len(frame) > MaxHeader {
		return h, Errorf(BadRequest, "the header has %d bytes, at most %d are allowed", len(frame), MaxHeader)
	}
	if len(frame) == 0 || frame[0] != '{' {
		return h, Errorf(BadRequest, "the first of several frames must be a header, a JSON object; an envelope before it ends with an empty frame and has at most %d frames and %d bytes", maxEnvelope, maxEnvelopeBytes)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(frame, &raw); err != nil {
		return h, Errorf(BadRequest, "the header is not a JSON object: %v", err)
	}
	known := 0
	for i := 0; i < len(headerKeys) && known < len(raw); i++ {
		k := &headerKeys[i]
		v, ok := raw[k.name]
		if !ok {
			continue
		}
		known++
		if err := k.decode(&h, v); err != nil {
			return h, Errorf(BadRequest, "header key %q: %v", k.name, err)
		}
	}
	if known < len(raw) {
		for key := range raw {
			if names := HeaderKeys(); !slices.Contains(names, key) {
				return h, Errorf(BadRequest, "unknown header key %q; known are %s", key, strings.Join(names, ", "))
			}
		}
	}
	return h, h.check()
}

// check looks at combinations of keys.
func (h *RequestHeader) check() error {
	if h.Format == FormatPacked && h.Fields != 0 {
		return Errorf(BadRequest, "header key \"fields\" needs format json: packed results carry rule, start and end only")
	}
	if h.Mask != mask.Stars && h.Want != WantMasked {
		return Errorf(BadRequest, "header key \"mask\" needs want masked")
	}
	name, hash := SplitRules(h.Rules)
	if name == "" || name != h.Rules && !validHash(hash) {
		return Errorf(BadRequest, "header key \"rules\": %q is neither a name nor name@hash with 12 to 64 hex digits", h.Rules)
	}
	return nil
}

// SplitRules splits name@hash into the name of a rule set and the hash of a pack. hash is empty if s
// has none.
func SplitRules(s string) (name, hash string) {
	name, hash, _ = strings.Cut(s, "@")
	return name, hash
}

// validHash reports whether s is 12 (the length in answers) to 64 hex digits of a SHA-256.
func validHash(s string) bool {
	return len(s) >= 12 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Append appends h as a JSON object. Keys with default values are left out.
func (h *RequestHeader) Append(dst []byte) []byte {
	o := BeginObject(slices.Grow(dst, 128)) // most headers are shorter
	for i := range headerKeys {
		if k := &headerKeys[i]; k.isSet(h) {
			o.Key(k.name)
			o.Dst = k.append(o.Dst, h)
		}
	}
	return o.End()
}

// FieldNames returns the names of all extra fields.
func FieldNames() []string { return slices.Clone(fieldNames) }

// ParseFields returns the set of the extra fields called names.
func ParseFields(names []string) (Fields, error) {
	var f Fields
	for _, name := range names {
		i := slices.Index(fieldNames, name)
		if i < 0 {
			return 0, escape.Errorf("%q is not one of %s", name, strings.Join(fieldNames, ", "))
		}
		f |= 1 << i
	}
	return f, nil
}

func (f Fields) names() []string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// LogID returns the broker's id of a request in the form for logs.
func LogID(id uint64) string { return fmt.Sprintf("%016x", id) }

// LogClientID returns a client's id of a request in the form for logs, with a bounded length.
func LogClientID(id string) string {
	const limit = 40
	if len(id) > limit {
		return strings.ToValidUTF8(id[:limit], "") + "…"
	}
	return id
}

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"trawl/edge/escape"
	"trawl/edge/mask"
)

// Defaults of a request header; see PROTOCOL.md.
const (
	DefaultRules    = "default"
	DefaultDeadline = 10 * time.Second
	DefaultPriority = 4
	DefaultLimit    = 1000
	MaxPriority     = 9
	// MaxDeadline bounds deadline_ms: nothing waits for longer than a day.
	MaxDeadline = 24 * time.Hour
	// MaxHeader is the most bytes of a header frame.
	MaxHeader = 64 << 10
)

// Op is what a request asks for.
type Op string

// The operations: matching, and the control requests.
const (
	OpMatch  Op = "match"
	OpPing   Op = "ping"
	OpStatus Op = "status"
	OpStop   Op = "stop"
	OpDrain  Op = "drain"

	OpRuleMatches Op = "rule_matches" // how often each rule of a worker has matched; a worker answers it
)

// Format is the encoding of the result frames.
type Format string

// The result formats.
const (
	FormatJSON   Format = "json"
	FormatPacked Format = "packed"
)

// Fields is the set of extra fields that each match carries.
type Fields uint8

// The extra fields.
const (
	FieldText Fields = 1 << iota
	FieldTags
	FieldSeverity
	FieldMessage
	FieldData
	FieldGroups // what the named groups of a regex matched
)

var fieldNames = []string{"text", "tags", "severity", "message", "data", "groups"}

// RequestHeader is the header of a request in full form. NewRequestHeader
// gives one with every default in place.
type RequestHeader struct {
	ID       string // echoed in the answer if HasID
	HasID    bool
	Rules    string // rule set: a name, or name@hash
	Worker   string // the one worker that must do it; empty: any
	Deadline time.Duration
	Priority int
	Want     Want
	Mask     mask.Style // with WantMasked
	Limit    int        // most matches per text, 0: as many as the limits allow
	Fields   Fields
	Lines    bool // split: lines
	Format   Format
	Op       Op
}

// NewRequestHeader returns the header that an empty JSON object stands for.
func NewRequestHeader() RequestHeader {
	return RequestHeader{
		Rules: DefaultRules, Deadline: DefaultDeadline, Priority: DefaultPriority,
		Limit: DefaultLimit, Format: FormatJSON, Op: OpMatch,
	}
}

// Plain reports whether a worker that only sees the text can honour h.
func (h *RequestHeader) Plain() bool {
	return h.Op == OpMatch && h.Want == WantMatches && h.Limit == DefaultLimit && h.Fields == 0 && !h.Lines && h.Format == FormatJSON
}

// ParseRequestHeader reads a header frame. Every error is an *Error with
// BadRequest that names the key; the header returned beside it holds what was
// understood, so that the refusal can echo the id.
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
	if v, ok := raw["id"]; ok { // first: the other errors' answers carry it
		if err := h.set("id", v); err != nil {
			return h, err
		}
	}
	for key, v := range raw {
		if err := h.set(key, v); err != nil {
			return h, err
		}
	}
	return h, h.check()
}

// set reads one key. Each is checked where it is read.
func (h *RequestHeader) set(key string, v json.RawMessage) error {
	var err error
	switch key {
	case "id":
		h.HasID = true
		err = decode(v, &h.ID)
	case "rules":
		err = decode(v, &h.Rules)
	case "worker":
		err = decode(v, &h.Worker)
	case "deadline_ms":
		var ms int64
		ms, err = decodeInt(v, 1, MaxDeadline.Milliseconds())
		h.Deadline = time.Duration(ms) * time.Millisecond
	case "priority":
		var p int64
		p, err = decodeInt(v, 0, MaxPriority)
		h.Priority = int(p)
	case "limit":
		var n int64
		n, err = decodeInt(v, 0, 1<<31-1)
		h.Limit = int(n)
	case "want":
		h.Want, err = decodeWant(v)
	case "mask":
		var s string
		if err = decode(v, &s); err == nil {
			h.Mask, err = mask.ParseStyle(s)
		}
	case "fields":
		h.Fields, err = decodeFields(v)
	case "split":
		_, err = decodeOneOf(v, "lines")
		h.Lines = err == nil
	case "format":
		var s string
		s, err = decodeOneOf(v, string(FormatJSON), string(FormatPacked))
		h.Format = Format(s)
	case "op":
		var s string
		s, err = decodeOneOf(v, string(OpMatch), string(OpPing), string(OpStatus), string(OpStop), string(OpDrain), string(OpRuleMatches))
		h.Op = Op(s)
	default:
		return Errorf(BadRequest, "unknown header key %q; known are id, rules, worker, deadline_ms, priority, want, mask, limit, fields, split, format, op", key)
	}
	if err != nil {
		return Errorf(BadRequest, "header key %q: %v", key, err)
	}
	return nil
}

// check looks at keys that only make sense together.
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

// SplitRules cuts the name of a rule set from the hash of the pack that may
// follow it, as in name@hash.
func SplitRules(s string) (name, hash string) {
	name, hash, _ = strings.Cut(s, "@")
	return name, hash
}

// validHash: 12 (as answers print it) to 64 hex digits of a pack's SHA-256.
func validHash(s string) bool {
	return len(s) >= 12 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Append appends h as a JSON object; keys at their default are left out.
func (h *RequestHeader) Append(dst []byte) []byte {
	d := NewRequestHeader()
	o := BeginObject(dst)
	if h.HasID {
		o.String("id", h.ID)
	}
	if h.Op != d.Op {
		o.String("op", string(h.Op))
	}
	if h.Rules != d.Rules {
		o.String("rules", h.Rules)
	}
	if h.Worker != "" {
		o.String("worker", h.Worker)
	}
	if h.Deadline != d.Deadline {
		o.Int("deadline_ms", max(1, h.Deadline.Milliseconds()))
	}
	if h.Priority != d.Priority {
		o.Int("priority", int64(h.Priority))
	}
	if h.Want != d.Want {
		o.String("want", h.Want.String())
	}
	if h.Mask != d.Mask {
		o.String("mask", h.Mask.String())
	}
	if h.Limit != d.Limit {
		o.Int("limit", int64(h.Limit))
	}
	if h.Fields != 0 {
		o.Strings("fields", h.Fields.names())
	}
	if h.Lines {
		o.String("split", "lines")
	}
	if h.Format != d.Format {
		o.String("format", string(h.Format))
	}
	return o.End()
}

// FieldNames returns the names of all extra fields.
func FieldNames() []string { return slices.Clone(fieldNames) }

// ParseFields reads a list of extra fields by their names.
func ParseFields(names []string) (Fields, error) {
	var f Fields
next:
	for _, name := range names {
		for i, known := range fieldNames {
			if name == known {
				f |= 1 << i
				continue next
			}
		}
		return 0, escape.Errorf("%q is not one of %s", name, strings.Join(fieldNames, ", "))
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

// mostQuoted is how many bytes of a value an error repeats.
const mostQuoted = 40

// decode refuses null, which encoding/json takes for "leave it".
func decode(v json.RawMessage, to *string) error {
	if len(v) == 0 || v[0] != '"' {
		return fmt.Errorf("must be a string, is %s", escape.Cut(v, mostQuoted))
	}
	return json.Unmarshal(v, to)
}

func decodeInt(v json.RawMessage, low, high int64) (int64, error) {
	var n json.Number
	if err := json.Unmarshal(v, &n); err == nil && !bytes.HasPrefix(v, []byte(`"`)) {
		if i, err := n.Int64(); err == nil && i >= low && i <= high {
			return i, nil
		}
	}
	return 0, fmt.Errorf("must be a whole number from %d to %d, is %s", low, high, escape.Cut(v, mostQuoted))
}

func decodeOneOf(v json.RawMessage, allowed ...string) (string, error) {
	var s string
	if err := decode(v, &s); err != nil {
		return "", err
	}
	for _, a := range allowed {
		if s == a {
			return s, nil
		}
	}
	return "", escape.Errorf("%q is not one of %s", s, strings.Join(allowed, ", "))
}

func decodeWant(v json.RawMessage) (Want, error) {
	var s string
	if err := decode(v, &s); err != nil {
		return 0, err
	}
	return ParseWant(s)
}

func decodeFields(v json.RawMessage) (Fields, error) {
	var names []string
	if err := json.Unmarshal(v, &names); err != nil || len(v) == 0 || v[0] != '[' {
		return 0, fmt.Errorf("must be a list of strings, is %s", escape.Cut(v, mostQuoted))
	}
	return ParseFields(names)
}

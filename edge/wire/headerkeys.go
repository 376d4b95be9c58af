package wire

// The keys of a request's header, in one table. It feeds reading, writing, the error about unknown
// keys, the limits of plain workers, and the query parameters of HTTP.

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/mask"
)

// keyKind is the type of a header key's value in JSON.
type keyKind uint8

const (
	keyString keyKind = iota
	keyNumber
	keyList // of strings
)

// headerKey is a key of a request's header.
type headerKey struct {
	name       string
	kind       keyKind
	inQuery    bool // POST /match takes the key as a query parameter
	needsTrawl bool // a plain worker can honour the default only

	isSet  func(h *RequestHeader) bool // h differs from the default
	append func(dst []byte, h *RequestHeader) []byte
	decode func(h *RequestHeader, v json.RawMessage) error // refuses bad values
}

// headerKeys is in the order of reading and writing. The id comes first: a refusal of any other key
// echoes the id. A new key needs a row here, a field of RequestHeader, and a row in PROTOCOL.md.
var headerKeys = []headerKey{
	{
		name:   "id",
		isSet:  func(h *RequestHeader) bool { return h.HasID },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, h.ID) },
		decode: func(h *RequestHeader, v json.RawMessage) error { h.HasID = true; return decodeString(v, &h.ID) },
	}, {
		name: "rules", inQuery: true,
		isSet:  func(h *RequestHeader) bool { return h.Rules != DefaultRules },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, h.Rules) },
		decode: func(h *RequestHeader, v json.RawMessage) error { return decodeString(v, &h.Rules) },
	}, {
		name: "worker", inQuery: true,
		isSet:  func(h *RequestHeader) bool { return h.Worker != "" },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, h.Worker) },
		decode: func(h *RequestHeader, v json.RawMessage) error { return decodeString(v, &h.Worker) },
	}, {
		name: "deadline_ms", kind: keyNumber, inQuery: true,
		isSet: func(h *RequestHeader) bool { return h.Deadline != DefaultDeadline },
		append: func(dst []byte, h *RequestHeader) []byte {
			return strconv.AppendInt(dst, max(1, h.Deadline.Milliseconds()), 10)
		},
		decode: func(h *RequestHeader, v json.RawMessage) error {
			ms, err := decodeInt(v, 1, MaxDeadline.Milliseconds())
			h.Deadline = time.Duration(ms) * time.Millisecond
			return err
		},
	}, {
		name: "priority", kind: keyNumber, inQuery: true,
		isSet:  func(h *RequestHeader) bool { return h.Priority != DefaultPriority },
		append: func(dst []byte, h *RequestHeader) []byte { return strconv.AppendInt(dst, int64(h.Priority), 10) },
		decode: func(h *RequestHeader, v json.RawMessage) error {
			n, err := decodeInt(v, 0, MaxPriority)
			h.Priority = int(n)
			return err
		},
	}, {
		name: "want", inQuery: true, needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Want != WantMatches },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, h.Want.String()) },
		decode: func(h *RequestHeader, v json.RawMessage) error {
			var name string
			err := decodeString(v, &name)
			if err == nil {
				h.Want, err = ParseWant(name)
			}
			return err
		},
	}, {
		name: "mask", inQuery: true, needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Mask != NewRequestHeader().Mask },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, h.Mask.String()) },
		decode: func(h *RequestHeader, v json.RawMessage) error {
			var name string
			err := decodeString(v, &name)
			if err == nil {
				h.Mask, err = mask.ParseStyle(name)
			}
			return err
		},
	}, {
		name: "limit", kind: keyNumber, inQuery: true, needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Limit != DefaultLimit },
		append: func(dst []byte, h *RequestHeader) []byte { return strconv.AppendInt(dst, int64(h.Limit), 10) },
		decode: func(h *RequestHeader, v json.RawMessage) error {
			n, err := decodeInt(v, 0, 1<<31-1)
			h.Limit = int(n)
			return err
		},
	}, {
		name: "fields", kind: keyList, inQuery: true, needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Fields != 0 },
		append: func(dst []byte, h *RequestHeader) []byte { return appendStrings(dst, h.Fields.names()) },
		decode: func(h *RequestHeader, v json.RawMessage) (err error) {
			h.Fields, err = decodeFields(v)
			return err
		},
	}, {
		name: "split", inQuery: true, needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Lines },
		append: func(dst []byte, _ *RequestHeader) []byte { return append(dst, `"lines"`...) },
		decode: func(h *RequestHeader, v json.RawMessage) error {
			_, err := decodeOneOf(v, "lines")
			h.Lines = err == nil
			return err
		},
	}, {
		name: "format", needsTrawl: true,
		isSet:  func(h *RequestHeader) bool { return h.Format != FormatJSON },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, string(h.Format)) },
		decode: func(h *RequestHeader, v json.RawMessage) (err error) {
			h.Format, err = decodeOneOf(v, FormatJSON, FormatPacked)
			return err
		},
	}, {
		name:   "op",
		isSet:  func(h *RequestHeader) bool { return h.Op != OpMatch },
		append: func(dst []byte, h *RequestHeader) []byte { return AppendString(dst, string(h.Op)) },
		decode: func(h *RequestHeader, v json.RawMessage) (err error) {
			h.Op, err = decodeOneOf(v, OpMatch, OpPing, OpStatus, OpStop, OpDrain, OpReport, OpRuleMatches)
			return err
		},
	},
}

// keyNames returns the names of all keys accepted by is.
func keyNames(is func(k *headerKey) bool) (names []string) {
	for i := range headerKeys {
		if is(&headerKeys[i]) {
			names = append(names, headerKeys[i].name)
		}
	}
	return names
}

// HeaderKeys returns the names of all keys of a request's header.
func HeaderKeys() []string { return keyNames(func(*headerKey) bool { return true }) }

// QueryKeys returns the names of the keys allowed as query parameters of POST /match.
func QueryKeys() []string { return keyNames(func(k *headerKey) bool { return k.inQuery }) }

// TrawlOnlyKeys returns the names of the keys for trawl workers only: a plain worker, which gets the
// text alone, can honour their defaults and nothing else.
func TrawlOnlyKeys() []string { return keyNames(func(k *headerKey) bool { return k.needsTrawl }) }

// QueryValue returns the JSON value for the text of a query parameter of POST /match; ok is false if
// key is not allowed. ParseRequestHeader checks the value.
func QueryValue(key, text string) (value any, ok bool) {
	for i := range headerKeys {
		k := &headerKeys[i]
		switch {
		case k.name != key || !k.inQuery:
			continue
		case k.kind == keyList:
			return strings.Split(text, ","), true
		case k.kind == keyNumber && isNumber(text):
			return json.Number(text), true
		}
		return text, true
	}
	return nil, false
}

// isNumber reports whether text is a whole number in JSON, not negative.
func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == "" && (text == "0" || text[0] != '0')
}

// maxQuoted is how many bytes of a value an error repeats.
const maxQuoted = 40

// The decoders below get valid JSON: encoding/json has split the header.

// decodeString refuses null, which encoding/json would pass over.
func decodeString(v json.RawMessage, to *string) error {
	if len(v) < 2 || v[0] != '"' {
		return fmt.Errorf("must be a string, is %s", escape.Cut(v, maxQuoted))
	}
	for _, c := range v[1 : len(v)-1] {
		if c == '\\' || c >= utf8.RuneSelf {
			return json.Unmarshal(v, to)
		}
	}
	*to = string(v[1 : len(v)-1]) // the usual case: nothing is escaped
	return nil
}

func decodeInt(v json.RawMessage, low, high int64) (int64, error) {
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && n >= low && n <= high {
		return n, nil
	}
	return 0, fmt.Errorf("must be a whole number from %d to %d, is %s", low, high, escape.Cut(v, maxQuoted))
}

func decodeOneOf[T ~string](v json.RawMessage, allowed ...T) (T, error) {
	var s string
	if err := decodeString(v, &s); err != nil {
		return "", err
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		if s == string(a) {
			return a, nil
		}
		names[i] = string(a)
	}
	return "", escape.Errorf("%q is not one of %s", s, strings.Join(names, ", "))
}

func decodeFields(v json.RawMessage) (Fields, error) {
	var names []string
	if err := json.Unmarshal(v, &names); err != nil || len(v) == 0 || v[0] != '[' {
		return 0, fmt.Errorf("must be a list of strings, is %s", escape.Cut(v, maxQuoted))
	}
	return ParseFields(names)
}

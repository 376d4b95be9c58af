package wire

import (
	"bytes"
	"encoding/json"
)

// ParseWorkerStats reads the second frame of a worker's heartbeat. A broker does so
// a thousand times a second if it has as many workers, so what those of this program
// write is read in one pass, and everything else by encoding/json, to the same result.
// Health may be a view into frame.
func ParseWorkerStats(frame []byte) (*WorkerStats, error) {
	s := new(WorkerStats)
	if s.scan(frame) {
		return s, nil
	}
	*s = WorkerStats{}
	return s, json.Unmarshal(frame, s)
}

// scan reads an object of the keys of s, whole numbers, and one flat object of numbers
// and booleans as health; false if frame is anything else.
func (s *WorkerStats) scan(frame []byte) bool {
	var window, slots int64
	rest, ok := scanObject(frame, func(key, rest []byte) ([]byte, bool) {
		var to *int64
		switch string(key) {
		case "requests":
			to = &s.Requests
		case "failed":
			to = &s.Failed
		case "texts":
			to = &s.Texts
		case "bytes":
			to = &s.Bytes
		case "matches":
			to = &s.Matches
		case "busy_us":
			to = &s.BusyUS
		case "resident_bytes":
			to = &s.ResidentBytes
		case "window":
			to = &window
		case "slots":
			to = &slots
		case "uptime_s":
			to = &s.UptimeS
		case "health":
			after, ok := scanObject(rest, skipScalar)
			s.Health = rest[:len(rest)-len(after)]
			return after, ok
		default:
			return nil, false
		}
		var ok bool
		*to, rest, ok = cutInt(rest)
		return rest, ok
	})
	s.Window, s.Slots = int(window), int(slots)
	return ok && len(rest) == 0 && int64(s.Window) == window && int64(s.Slots) == slots
}

// scanObject visits the members of the JSON object at the start of b: value is called with
// what follows a key, and returns what follows the value. Keys are lower-case letters and
// underscores, and there are no spaces; ok is false if b is anything else, or value says so.
func scanObject(b []byte, value func(key, rest []byte) ([]byte, bool)) (rest []byte, ok bool) {
	before := byte('{')
	for {
		if len(b) < 2 || b[0] != before || b[1] != '"' {
			return nil, false
		}
		b = b[2:]
		end := 0
		for end < len(b) && (b[end] >= 'a' && b[end] <= 'z' || b[end] == '_') {
			end++
		}
		if end+1 >= len(b) || b[end] != '"' || b[end+1] != ':' {
			return nil, false
		}
		if b, ok = value(b[:end], b[end+2:]); !ok || len(b) == 0 {
			return nil, false
		}
		if b[0] == '}' {
			return b[1:], true
		}
		before = ','
	}
}

// cutInt reads a whole number of at most 18 digits off the start of b.
func cutInt(b []byte) (n int64, rest []byte, ok bool) {
	rest, negative := bytes.CutPrefix(b, []byte{'-'})
	digits := countDigits(rest)
	if digits == 0 || digits > 18 || digits > 1 && rest[0] == '0' {
		return 0, nil, false
	}
	for _, c := range rest[:digits] {
		n = 10*n + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, rest[digits:], true
}

// skipScalar skips a number of JSON (RFC 8259, section 6) without an exponent, or a
// boolean.
func skipScalar(_, b []byte) (rest []byte, ok bool) {
	for _, word := range []string{"true", "false"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return b[len(word):], true
		}
	}
	b, _ = bytes.CutPrefix(b, []byte{'-'})
	whole := countDigits(b)
	if whole == 0 || whole > 1 && b[0] == '0' {
		return nil, false
	}
	b, hasPart := bytes.CutPrefix(b[whole:], []byte{'.'})
	part := countDigits(b)
	return b[part:], !hasPart || part > 0
}

func countDigits(b []byte) int {
	for n, c := range b {
		if c < '0' || c > '9' {
			return n
		}
	}
	return len(b)
}

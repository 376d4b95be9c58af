package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// ParseWorkerStats reads the second frame of a worker's heartbeat. It reads a
// thousand heartbeats a second at little cost: what workers of this program write is read
// without encoding/json, and everything else with it, to the same result.
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
	ok := scanObject(frame, func(key, value []byte) bool {
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
			s.Health = value
			return scanObject(value, func(_, value []byte) bool { return isScalar(value) })
		default:
			return false
		}
		n, err := strconv.ParseInt(string(value), 10, 64)
		*to = n
		return err == nil && isScalar(value)
	})
	s.Window, s.Slots = int(window), int(slots)
	return ok && int64(s.Window) == window && int64(s.Slots) == slots
}

// scanObject visits the members of a JSON object, which may hold objects but no arrays,
// strings, spaces or escapes. The values are unchecked. It is false if frame is anything
// else, or visit says so.
func scanObject(frame []byte, visit func(key, value []byte) bool) bool {
	rest, ok := bytes.CutPrefix(frame, []byte{'{'})
	for ok && len(rest) > 1 {
		if rest[0] != '"' {
			return false
		}
		end := bytes.IndexByte(rest[1:], '"') + 1
		if end <= 0 || end+1 >= len(rest) || rest[end+1] != ':' {
			return false
		}
		key := rest[1:end]
		if !isPlainKey(key) {
			return false
		}
		rest = rest[end+2:]
		n := valueSize(rest)
		if n == len(rest) || !visit(key, rest[:n]) {
			return false
		}
		if rest[n] == '}' {
			return n == len(rest)-1
		}
		rest = rest[n+1:] // behind a comma
	}
	return false
}

// isPlainKey reports whether a key is lower-case letters and underscores.
func isPlainKey(key []byte) bool {
	for _, c := range key {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return len(key) > 0
}

// valueSize is how many bytes come before the comma or brace that ends a value: an
// object up to its first brace, or anything else. len(b): neither comes.
func valueSize(b []byte) int {
	if len(b) > 0 && b[0] == '{' {
		n := bytes.IndexByte(b, '}') + 1
		if n == 0 || n == len(b) || b[n] != ',' && b[n] != '}' {
			return len(b)
		}
		return n
	}
	for n, c := range b {
		if c == ',' || c == '}' {
			return n
		}
	}
	return len(b)
}

// isScalar reports whether value is a number of JSON (RFC 8259, section 6) without an
// exponent, or a boolean.
func isScalar(value []byte) bool {
	if s := string(value); s == "true" || s == "false" {
		return true
	}
	digits := bytes.TrimPrefix(value, []byte{'-'})
	whole, part, hasPart := bytes.Cut(digits, []byte{'.'})
	return allDigits(whole) && (whole[0] != '0' || len(whole) == 1) && (!hasPart || allDigits(part))
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

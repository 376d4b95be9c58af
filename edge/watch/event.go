package watch

// Events: a watcher tells one for each match.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"trawl/edge/wire"
)

// Bounds of an event's texts, in bytes. Longer texts are cut.
const (
	maxText = 16 << 10
	maxLine = 64 << 10
)

// Event is one match in one record, for sinks. The queues of all sinks share an
// event, so an event never changes; a summary is a copy.
type Event struct {
	ID       string    // 32 hex digits; equal for equal matches in equal places
	Time     time.Time // of the record, if the source knows; else the time of reading
	Board    string
	Source   string // the name of the source
	Rules    string // rule set
	Rule     string
	Severity string
	Tags     []string
	Message  string
	Text     []byte // matched text
	Line     []byte // the whole record
	Start    int64  // of Text in the record, in bytes
	End      int64
	Groups   []Group           // named groups of the regex that took part
	Labels   map[string]string // of the source and of the record

	// Count is the number of matches in the interval of a rate limit, and Suppressed the
	// number of matches among them without an event of their own. Both are 0 but in a
	// summary.
	Count, Suppressed uint64
	// Redelivered: the event may have been told before, by a process that was killed.
	Redelivered bool
	// Cut: the record was longer than the bounds above, or had no end.
	Cut bool

	record uint64 // number of the record in this process, equal for all its events
}

// Group is a named group of a match.
type Group struct {
	Name  string
	Value []byte
}

// overhead is the memory of an event without texts, in bytes: struct, slices, queue.
const overhead = 512

// size is the memory of the event, in bytes, about.
func (e *Event) size() int64 {
	n := overhead + len(e.ID) + len(e.Board) + len(e.Source) + len(e.Rules) + len(e.Rule) + len(e.Severity) + len(e.Message) + len(e.Text) + len(e.Line)
	for _, tag := range e.Tags {
		n += len(tag) + 16
	}
	for i := range e.Groups {
		n += len(e.Groups[i].Name) + len(e.Groups[i].Value) + 48
	}
	for name, value := range e.Labels {
		n += len(name) + len(value) + 64
	}
	return int64(n)
}

// Field returns the value of a field by its name in templates; ok is false if the event
// has none.
func (e *Event) Field(name string) (value []byte, ok bool) {
	number := func(n int64) ([]byte, bool) { return strconv.AppendInt(nil, n, 10), true }
	text := func(s string) ([]byte, bool) { return []byte(s), s != "" }
	switch name {
	case "id":
		return text(e.ID)
	case "time":
		return text(e.Time.UTC().Format(time.RFC3339))
	case "board":
		return text(e.Board)
	case "source":
		return text(e.Source)
	case "rules":
		return text(e.Rules)
	case "rule":
		return text(e.Rule)
	case "severity":
		return text(e.Severity)
	case "tags":
		return text(strings.Join(e.Tags, ","))
	case "message":
		if e.Message == "" { // as most rules of words
			return text(e.Rule)
		}
		return text(e.Message)
	case "text":
		return e.Text, true
	case "line":
		return e.Line, true
	case "start":
		return number(e.Start)
	case "end":
		return number(e.End)
	case "count":
		return number(int64(max(1, e.Count)))
	case "suppressed":
		return number(int64(e.Suppressed))
	}
	if group, ok := strings.CutPrefix(name, "groups."); ok {
		for i := range e.Groups {
			if e.Groups[i].Name == group {
				return e.Groups[i].Value, true
			}
		}
	}
	if label, ok := strings.CutPrefix(name, "labels."); ok {
		return text(e.Labels[label])
	}
	return nil, false
}

// AppendJSON appends e as one JSON object, with the whole record if line is set. Text that
// is not UTF-8 is in text_b64, line_b64 and groups_b64, as in answers of a broker.
func (e *Event) AppendJSON(dst []byte, line bool) []byte {
	dst = append(dst, `{"id":`...)
	dst = wire.AppendString(dst, e.ID)
	dst = append(dst, `,"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
	dst = append(dst, '"')
	dst = member(dst, "board", e.Board)
	dst = member(dst, "source", e.Source)
	dst = member(dst, "rules", e.Rules)
	dst = member(dst, "rule", e.Rule)
	dst = member(dst, "severity", e.Severity)
	if len(e.Tags) > 0 {
		dst = append(dst, `,"tags":[`...)
		for i, tag := range e.Tags {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendString(dst, tag)
		}
		dst = append(dst, ']')
	}
	dst = member(dst, "message", e.Message)
	dst = bytesMember(append(dst, ','), "text", e.Text)
	if line {
		dst = bytesMember(append(dst, ','), "line", e.Line)
	}
	dst = strconv.AppendInt(append(dst, `,"start":`...), e.Start, 10)
	dst = strconv.AppendInt(append(dst, `,"end":`...), e.End, 10)
	dst = appendGroups(dst, e.Groups)
	if len(e.Labels) > 0 {
		dst = append(dst, `,"labels":{`...)
		for i, name := range slices.Sorted(maps.Keys(e.Labels)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(wire.AppendString(dst, name), ':')
			dst = wire.AppendString(dst, e.Labels[name])
		}
		dst = append(dst, '}')
	}
	if e.Count > 0 {
		dst = strconv.AppendUint(append(dst, `,"count":`...), e.Count, 10)
		dst = strconv.AppendUint(append(dst, `,"suppressed":`...), e.Suppressed, 10)
	}
	if e.Redelivered {
		dst = append(dst, `,"redelivered":true`...)
	}
	if e.Cut {
		dst = append(dst, `,"cut":true`...)
	}
	return append(dst, '}')
}

func member(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(append(dst, key...), '"', ':')
	return wire.AppendString(dst, value)
}

func bytesMember(dst []byte, key string, value []byte) []byte {
	dst = append(append(dst, '"'), key...)
	if utf8.Valid(value) {
		return wire.AppendString(append(dst, '"', ':'), value)
	}
	dst = append(dst, `_b64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, value), '"')
}

func appendGroups(dst []byte, groups []Group) []byte {
	for _, key := range []string{"groups", "groups_b64"} {
		some := false
		for i := range groups {
			g := &groups[i]
			if valid := utf8.Valid(g.Value); valid != (key == "groups") {
				continue
			}
			if !some {
				dst = append(append(append(dst, ',', '"'), key...), '"', ':', '{')
			} else {
				dst = append(dst, ',')
			}
			some = true
			dst = append(wire.AppendString(dst, g.Name), ':')
			if key == "groups" {
				dst = wire.AppendString(dst, g.Value)
			} else {
				dst = append(base64.StdEncoding.AppendEncode(append(dst, '"'), g.Value), '"')
			}
		}
		if some {
			dst = append(dst, '}')
		}
	}
	return dst
}

// parseEvent reads what AppendJSON has written.
func parseEvent(data []byte) (*Event, error) {
	var j struct {
		ID, Board, Source, Rules, Rule, Severity, Message string
		Time                                              time.Time
		Tags                                              []string
		Text, Line                                        *string
		TextB64                                           []byte `json:"text_b64"`
		LineB64                                           []byte `json:"line_b64"`
		Start, End                                        int64
		Groups                                            map[string]string
		GroupsB64                                         map[string][]byte `json:"groups_b64"`
		Labels                                            map[string]string
		Count, Suppressed                                 uint64
		Redelivered, Cut                                  bool
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, err
	}
	e := &Event{
		ID: j.ID, Time: j.Time, Board: j.Board, Source: j.Source, Rules: j.Rules, Rule: j.Rule, Severity: j.Severity,
		Tags: j.Tags, Message: j.Message, Text: j.TextB64, Line: j.LineB64, Start: j.Start, End: j.End,
		Labels: j.Labels, Count: j.Count, Suppressed: j.Suppressed, Redelivered: j.Redelivered, Cut: j.Cut,
	}
	if j.Text != nil {
		e.Text = []byte(*j.Text)
	}
	if j.Line != nil {
		e.Line = []byte(*j.Line)
	}
	for name, value := range j.Groups {
		e.Groups = append(e.Groups, Group{name, []byte(value)})
	}
	for name, value := range j.GroupsB64 {
		e.Groups = append(e.Groups, Group{name, value})
	}
	sortGroups(e.Groups)
	return e, nil
}

func sortGroups(groups []Group) {
	sort.Slice(groups, func(i, j int) bool { return groups[i].Name < groups[j].Name })
}

// eventID hashes the place and the content of a match. Place tells the record from
// all records of the source: inode and offset, the cursor of a journal, or a number.
func eventID(board, source string, place, text []byte, rules, rule string, start int64) string {
	h := sha256.New()
	var length [8]byte
	part := func(p []byte) { // with its length, so that parts cannot run into one another
		binary.LittleEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write(p)
	}
	part([]byte(board))
	part([]byte(source))
	part(place)
	part(text)
	part([]byte(rules))
	part([]byte(rule))
	binary.LittleEndian.PutUint64(length[:], uint64(start))
	h.Write(length[:])
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

// cut returns a copy of text with at most most bytes, cut between characters.
func cut(text []byte, most int) (kept []byte, was bool) {
	if len(text) <= most {
		return bytes.Clone(text), false
	}
	n := most
	for n > most-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return bytes.Clone(text[:n]), true
}

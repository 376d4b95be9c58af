package watch

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// What is written of an event is read back, and is JSON whatever the log says.
func TestEventsSurviveJSON(t *testing.T) {
	hostile := []byte("\"\\\x00\x1b[2J\u202e\n\xff\xfe{text}")
	full := testEvent(1)
	full.Count, full.Suppressed, full.Redelivered, full.Cut = 7, 6, true, true
	bad := testEvent(2)
	bad.Text, bad.Line, bad.Groups = hostile, hostile, []Group{{"a", hostile}, {"b", []byte("\x1b\n")}}
	bad.Rule, bad.Message = "r\x1b\n", "\"}"
	for _, e := range []*Event{full, bad, {Time: time.UnixMilli(0), Text: []byte{}, Line: []byte{}}} {
		data := e.AppendJSON(nil, true)
		if !json.Valid(data) || !utf8.Valid(data) || bytes.ContainsAny(data, "\x00\x1b\n") {
			t.Errorf("%q", data)
		}
		got, err := parseEvent(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		want := *e
		want.Time = want.Time.UTC()
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", data, got, &want)
		}
	}
	if data := full.AppendJSON(nil, false); bytes.Contains(data, []byte(`"line"`)) {
		t.Errorf("%s holds the line", data)
	}
}

// An id stays the same after a restart and differs for whatever is another match.
func TestEventIDs(t *testing.T) {
	place, text := []byte("p"), []byte("line")
	id := eventID("b", "s", place, text, "r", "x", 1)
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || eventID("b", "s", place, text, "r", "x", 1) != id {
		t.Errorf("id %q", id)
	}
	zeros := strings.Repeat("\x00", 8)
	if eventID("b", "s"+zeros+"x", []byte("y"), text, "r", "x", 1) == eventID("b", "s", []byte("x"+zeros+"y"), text, "r", "x", 1) {
		t.Error("parts run into one another")
	}
	for _, other := range []string{
		eventID("c", "s", place, text, "r", "x", 1),
		eventID("b", "t", place, text, "r", "x", 1),
		eventID("b", "s", []byte("q"), text, "r", "x", 1),
		eventID("b", "s", place, []byte("lines"), "r", "x", 1),
		eventID("b", "s", place, text, "q", "x", 1),
		eventID("b", "s", place, text, "r", "y", 1),
		eventID("b", "s", place, text, "r", "x", 2),
		eventID("bs", "", place, text, "r", "x", 1), // parts do not run into each other
	} {
		if other == id {
			t.Error("two matches have one id")
		}
	}
}

func TestEventFields(t *testing.T) {
	e := testEvent(1)
	for name, want := range map[string]string{
		"board": "attic", "rule": "ssh", "tags": "auth,ban", "text": "root", "line": "sshd: root failed", "start": "6",
		"end": "10", "groups.ip": "203.0.113.9", "labels.path": "/var/log/auth.log", "count": "1", "suppressed": "0",
		"time": "2023-11-14T22:13:20Z", "severity": "high", "source": "log", "rules": "default",
	} {
		if got, ok := e.Field(name); !ok || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"groups.user", "labels.site", "nonsense"} {
		if got, ok := e.Field(name); ok || len(got) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
	e.Message = ""
	if got, _ := e.Field("message"); string(got) != "ssh" {
		t.Errorf("a rule without a message: %q", got)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aé", 2, "a"}, {"\xff\xff\xff\xff\xff\xff\xff", 5, "\xff\xff\xff\xff\xff"}, {"😀", 3, ""}, {"\x80\x80\x80\x80\x80\x80", 5, "\x80"}} {
		if got, was := cut([]byte(c.text), c.most); string(got) != c.want || was != (len(c.text) > c.most) {
			t.Errorf("%q, %d: %q", c.text, c.most, got)
		}
	}
}

// Events of a file that is read at the next start may be anything.
func FuzzParseEvent(f *testing.F) {
	f.Add(testEvent(1).AppendJSON(nil, true))
	f.Add([]byte(`{"text_b64":"/w==","groups_b64":{"a":"/w=="}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseEvent(data)
		if err != nil {
			return
		}
		once := e.AppendJSON(nil, true)
		again, err := parseEvent(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice := again.AppendJSON(nil, true); !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}

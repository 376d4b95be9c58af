package wire

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRequestHeaderDefaults(t *testing.T) {
	h, err := ParseRequestHeader([]byte("{}"))
	if err != nil || h != NewRequestHeader() {
		t.Fatalf("%+v, %v", h, err)
	}
	if !h.Plain() {
		t.Error("a plain worker must be able to honour the defaults")
	}
}

func TestRequestHeaderKeys(t *testing.T) {
	frame := `{"id":"a\u00e9","rules":"pii@0123456789ab","worker":"pi3","deadline_ms":1500,"priority":9,
		"want":"rules","limit":0,"fields":["text","data"],"split":"lines","format":"json","op":"status"}`
	h, err := ParseRequestHeader([]byte(frame))
	want := RequestHeader{
		ID: "aé", HasID: true, Rules: "pii@0123456789ab", Worker: "pi3", Deadline: 1500 * time.Millisecond, Priority: 9,
		Want: WantRules, Fields: FieldText | FieldData, Lines: true, Format: FormatJSON, Op: OpStatus,
	}
	if err != nil || h != want {
		t.Fatalf("%+v, %v", h, err)
	}
	back, err := ParseRequestHeader(h.Append(nil))
	if err != nil || back != h {
		t.Fatalf("appended and parsed again: %+v, %v", back, err)
	}
}

func TestRequestHeaderRefusals(t *testing.T) {
	tests := map[string]string{
		``:                          "JSON object",
		`[]`:                        "JSON object",
		`{`:                         "JSON object",
		`{} {}`:                     "JSON object",
		`{"Id":"1"}`:                `"Id"`,
		`{"foo":1}`:                 `"foo"`,
		`{"id":1}`:                  "must be a string",
		`{"id":null}`:               "must be a string",
		`{"deadline_ms":0}`:         "from 1",
		`{"deadline_ms":-5}`:        "from 1",
		`{"deadline_ms":1e3}`:       "whole number",
		`{"deadline_ms":"5"}`:       "whole number",
		`{"deadline_ms":1e99}`:      "whole number",
		`{"priority":10}`:           "from 0 to 9",
		`{"limit":-1}`:              "from 0",
		`{"limit":99999999999}`:     "from 0",
		`{"want":"all"}`:            "matches, rules",
		`{"fields":"text"}`:         "list of strings",
		`{"fields":["texts"]}`:      `"texts"`,
		`{"fields":null}`:           "list of strings",
		`{"split":"words"}`:         "lines",
		`{"format":"xml"}`:          "json, packed",
		`{"op":"quit"}`:             "ping",
		`{"rules":""}`:              "name",
		`{"rules":"@0123456789ab"}`: "name",
		`{"rules":"a@xyz"}`:         "hex",
		`{"rules":"a@"}`:            "hex",
		`{"rules":"a@0123456789a"}`: "hex",
		`{"rules":"a@` + strings.Repeat("0", 65) + `"}`:   "hex",
		`{"rules":"a@0123456789AB"}`:                      "hex",
		`{"format":"packed","fields":["text"]}`:           "fields",
		`{"id":"` + strings.Repeat("x", MaxHeader) + `"}`: "65536",
	}
	for frame, says := range tests {
		_, err := ParseRequestHeader([]byte(frame))
		var e *Error
		if !errors.As(err, &e) || e.Code != BadRequest || !strings.Contains(e.Message, says) || strings.ContainsAny(e.Message, "\n") {
			t.Errorf("%.60s: %v, want bad_request that says %q in one line", frame, err, says)
		}
	}
}

func FuzzRequestHeader(f *testing.F) {
	f.Add([]byte(`{"id":"1","rules":"a@0123456789ab","deadline_ms":5,"want":"any","fields":["text"],"split":"lines"}`))
	f.Add([]byte(`{"foo":1}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, err := ParseRequestHeader(frame)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T is no *Error", err)
			}
			if !json.Valid((&AnswerHeader{ID: h.ID, HasID: h.HasID, Error: e}).Append(nil)) {
				t.Fatal("the refusal is not JSON")
			}
			return
		}
		back, err := ParseRequestHeader(h.Append(nil))
		if err != nil || back != h {
			t.Fatalf("%s: parsed %+v, appended and parsed again %+v, %v", frame, h, back, err)
		}
	})
}

func TestAnswerHeader(t *testing.T) {
	for _, h := range []AnswerHeader{
		{},
		{ID: "", HasID: true},
		{ID: "x", HasID: true, Worker: "w\"", Rules: "default@0123456789ab", TookUS: 12},
		{ID: "x", HasID: true, Error: &Error{Busy, "full"}},
		{Worker: "w", Rules: "default", Escalated: []Escalated{
			{To: "heavy", Worker: "pi\"4", Rules: "heavy@0123456789ab", TookUS: 7},
			{To: "more", Error: &Error{NoWorker, "none\n"}},
		}},
	} {
		back, err := ParseAnswerHeader(h.Append(nil))
		if !reflect.DeepEqual(back.Escalated, h.Escalated) {
			t.Errorf("%+v became %+v", h.Escalated, back.Escalated)
		}
		if err != nil || back.ID != h.ID || back.HasID != h.HasID || back.Worker != h.Worker || back.Rules != h.Rules || back.TookUS != h.TookUS {
			t.Errorf("%+v became %+v, %v", h, back, err)
		}
		if h.Error != nil && (back.Error == nil || *back.Error != *h.Error) {
			t.Errorf("error %v became %v", h.Error, back.Error)
		}
	}
	if _, err := ParseAnswerHeader([]byte("x")); err == nil {
		t.Error("nonsense was read")
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"\\\n\x00\x7f\u2028é\xff\xf0\x9f")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

// BenchmarkRequestHeader is what reading and writing a header costs.
func BenchmarkRequestHeader(b *testing.B) {
	h, err := ParseRequestHeader([]byte(`{"id":"a1","rules":"default","deadline_ms":1500,"want":"rules","limit":10,"split":"lines"}`))
	if err != nil {
		b.Fatal(err)
	}
	frame := h.Append(nil)
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseRequestHeader(frame); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			own := h
			own.ID = "b2"
			_ = own.Append(nil)
		}
	})
}

package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"trawl/edge/escape"
)

func TestReportIsChecked(t *testing.T) {
	many := strings.Repeat(`{"name":"a"},`, MaxReportItems) + `{"name":"a"}`
	for doc, says := range map[string]string{
		`x`:                                     "not a JSON object of a watcher",
		`{"name":""}`:                           "must not be empty",
		`{"name":"a b"}`:                        "is not a name",
		`{"name":"a","sources":[{}]}`:           "a source's name",
		`{"name":"a","sources":[` + many + `]}`: "at most 32 of each",
		`{"name":"a","sinks":[{"name":"x\u001b"}]}`:           "a sink's name",
		`{"name":"a","sinks":[{"name":"x","state":"happy"}]}`: "must be ready, away or blocking",
		strings.Repeat(" ", MaxReport+1):                      "at most 131072",
	} {
		if _, err := ParseReport([]byte(doc)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v, want %q", doc, err, says)
		}
	}
	r, err := ParseReport([]byte(`{"name":"attic","matching":"no\nbroker","sources":[{"name":"web","problem":"` + strings.Repeat("x", 1000) + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.Matching != `no\nbroker` || len(r.Sources[0].Problem) > maxReportText+len("…") {
		t.Errorf("%+v", r)
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(`{"name":"attic","sources":[{"name":"web","records":3,"behind_bytes":0}],"sinks":[{"name":"phone","state":"away","problem":"x"}]}`))
	f.Add([]byte(`{"name":"a","omitted":-1,"written_bytes":null}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := ParseReport(doc)
		if err != nil {
			AsError(err)
			return
		}
		if r.Size() > 4*MaxReport || escape.Hides(r.Matching+r.Version+r.Name) {
			t.Errorf("%d bytes, %+v", r.Size(), r)
		}
		for i := range r.Sources {
			if escape.Hides(r.Sources[i].Name + r.Sources[i].Problem) {
				t.Errorf("%+v", r.Sources[i])
			}
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) <= MaxReport {
			if _, err := ParseReport(b); err != nil {
				t.Errorf("%s: %v", b, err)
			}
		}
	})
}

package wire

import (
	"encoding/json"
	"reflect"
	"testing"
)

// usualBeat is a heartbeat as workers of this program write them.
const usualBeat = `{"requests":123456,"failed":2,"texts":123456,"bytes":32505856,"matches":4567,"busy_us":890123,"resident_bytes":20971520,` +
	`"window":16,"slots":3,"health":{"load":0.25,"available":3221225472,"celsius":51.1,"hot":true,"uptime_s":86400},"uptime_s":17}`

func TestUsualHeartbeatsAreReadWithoutReflection(t *testing.T) {
	var s WorkerStats
	if !s.scan([]byte(usualBeat)) {
		t.Error("a usual heartbeat is left to encoding/json")
	}
	own := JSONFrame(&WorkerStats{Requests: -1, Window: 3, BoardStats: BoardStats{Slots: 1, Health: json.RawMessage(`{"load":1}`), UptimeS: 5}})
	if !s.scan(own) {
		t.Errorf("%s is left to encoding/json", own)
	}
	frame := []byte(usualBeat)
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseWorkerStats(frame) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// What is read without encoding/json is what that reads.
func FuzzWorkerStats(f *testing.F) {
	for _, s := range []string{
		usualBeat, `{}`, `{"requests":1}`, `{"requests":01}`, `{"requests":-0}`, `{"requests":+1}`, `{"requests":1.0}`, `{"requests":1e3}`,
		`{"requests":true}`, `{"requests":99999999999999999999}`, `{"requests":1}}`, `{"requests":1},`, `{"requests":1`, `{"requests":1,}`,
		`{"Requests":1}`, `{"requests":1,"requests":2}`, `{"\u0073lots":2}`, `{"slots":{}}`, `{"slots":2,"more":1}`, `{"slots":3000000000}`,
		`{"health":{}}`, `{"health":1}`, `{"health":{"load":.5}}`, `{"health":{"load":1.}}`, `{"health":{"load":-}}`, `{"health":{"load":{"a":1}}}`,
		`{"health":null}`, `{"health":{"hot":true},"slots":2}`, `{"health":{"hot":tru}}`, `{"health":{"":1}}`, `{ "slots":2}`, `{"slots": 2}`,
		`{"slots":2,,"window":1}`, `{"health":{"load":1,}}`, `[]`, `null`, ``, `{`, `{"`, `{"a`, `{"a"`, `{"a":`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		got, err := ParseWorkerStats(frame)
		var want WorkerStats
		wantErr := json.Unmarshal(frame, &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, encoding/json says %v", frame, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(*got, want) {
			t.Errorf("%q: %+v, want %+v", frame, got, want)
		}
	})
}

func BenchmarkWorkerStats(b *testing.B) {
	frame := []byte(usualBeat)
	b.Run("here", func(b *testing.B) {
		for b.Loop() {
			if _, err := ParseWorkerStats(frame); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			if err := json.Unmarshal(frame, new(WorkerStats)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package broker

import (
	"encoding/json"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// FuzzQuery: whatever a query says, it becomes a header of the keys that it may
// have, or an error that a client can read.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "rules=a&limit=3", "fields=text,tags&split=lines", "limit=01", "limit=1e3", "deadline_ms=99999999999999999999", "x=%zz", "want=\xff", "priority", "rules=a&rules=b", "a;b"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		frame, err := headerOf(query)
		if err != nil {
			if err.Code != wire.BadRequest || strings.Contains(err.Message, "\n") {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		var keys map[string]any
		if json.Unmarshal(frame, &keys) != nil {
			t.Fatalf("%q became %q", query, frame)
		}
		h, perr := wire.ParseRequestHeader(frame)
		if perr == nil && (h.Op != wire.OpMatch || h.Format != wire.FormatJSON || h.HasID) {
			t.Errorf("%q became %+v", query, h)
		}
		if perr != nil && wire.AsError(perr).Code != wire.BadRequest {
			t.Errorf("%q: %v", query, perr)
		}
	})
}

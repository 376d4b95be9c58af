package scan

import (
	"encoding/json"
	"testing"

	"trawl/edge/escape"
	"trawl/edge/wire"
)

// FuzzJSONResult reads foreign results: whatever they hold is printed as JSON, on one line and
// without hidden characters.
func FuzzJSONResult(f *testing.F) {
	f.Add([]byte(`{"matches":[{"rule":"a","start":1,"end":2,"groups":{"g":"\u001b[2J"},"data":[1, 2]}],"incomplete":["b"]}`))
	f.Add([]byte(`{"lines":[{"line":1,"offset":0,"matches":[{"rule":"a","start":0,"end":1,"groups":{"g":"` + "\x9b\u202e\n" + `"}}]},{"matches":null}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := newResult(&Options{Fields: wire.FieldGroups}, frame)
		if err != nil {
			return
		}
		for {
			o, err := r.Next()
			if o == nil || err != nil {
				return
			}
			if len(r.extra) != len(o.Matches) {
				t.Fatalf("%d matches, extra fields of %d", len(o.Matches), len(r.extra))
			}
			for i, m := range o.Matches {
				if m.Rule >= len(r.Rules) {
					t.Fatal("a rule that is not listed")
				}
				object := `{"x":0` + string(r.extra[i]) + "}"
				if !json.Valid([]byte(object)) || escape.Hides(object) {
					t.Fatalf("%q", object)
				}
			}
		}
	})
}

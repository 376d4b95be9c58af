package re2

import (
	"strings"
	"testing"

	"trawl/test/need"
)

// The writer for Python escapes like Python's json.
func TestJSONFormsAreThoseOfPython(t *testing.T) {
	need.Path(t, "/usr/bin/python3", "python3")
	text := "a\\b\"c/d\té\U0001f600'<>&+\x01\x7f"
	cmd := need.Command("/usr/bin/python3", "-c", "import json,sys; sys.stdout.write(json.dumps(sys.stdin.buffer.read().decode()))")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := `"` + JSONWriters[1].Escape(text) + `"`; got != string(out) {
		t.Errorf("%s, Python: %s", got, out)
	}
}

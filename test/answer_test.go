// Reading answers.

package test

import (
	"encoding/json"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// header is that of an answer, or a bare error.
type header struct {
	ID     string      `json:"id"`
	Worker string      `json:"worker"`
	Rules  string      `json:"rules"`
	Error  *wire.Error `json:"error"`

	Escalated []wire.Escalated `json:"escalated"`
}

// answer takes the frames of an answer in full form apart.
func answer(t *testing.T, frames []string) (header, []string) {
	t.Helper()
	var h header
	if len(frames) == 0 {
		t.Fatal("an answer without frames")
	}
	if err := json.Unmarshal([]byte(frames[0]), &h); err != nil {
		t.Fatalf("not an answer's header: %q", frames[0])
	}
	return h, frames[1:]
}

// wantError holds an answer to be an error with that code and a message of
// one line with these words.
func wantError(t *testing.T, frames []string, code wire.Code, words string) {
	t.Helper()
	h, results := answer(t, frames)
	switch {
	case h.Error == nil || len(results) > 0:
		t.Errorf("got %.200q, want the error %s", frames, code)
	case h.Error.Code != code || !strings.Contains(h.Error.Message, words):
		t.Errorf("got the error %+v, want %s with %q", h.Error, code, words)
	case strings.Contains(h.Error.Message, "\n"):
		t.Errorf("the message %q has several lines", h.Error.Message)
	}
}

// wantHistory holds an answer to be that of historyText.
func wantHistory(t *testing.T, frames []string) header {
	t.Helper()
	h, results := answer(t, frames)
	if h.Error != nil || len(results) != 1 || results[0] != historyAnswer {
		t.Errorf("got %q, want %s", frames, historyAnswer)
	}
	return h
}

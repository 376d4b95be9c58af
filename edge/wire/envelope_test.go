package wire

import (
	"strings"
	"testing"

	"trawl/edge/zmtp"
)

func TestSplitEnvelope(t *testing.T) {
	many := "1|2|3|4|5|6|7|8|"
	tests := []struct {
		socket, frames string // separated by |
		want           int
	}{
		{"DEALER", "text", 0},
		{"DEALER", "", 0},
		{"DEALER", "|text", 1},
		{"DEALER", "|", 1},
		{"DEALER", "||text", 1},
		{"DEALER", "{}|text", 0},
		{"DEALER", "{}||text", 0},
		{"DEALER", "a||text", 2},
		{"DEALER", "a|b||text", 3},
		{"DEALER", "a|b|c", 0},
		{"DEALER", "1|2|3|4|5|6|7||t", 8},
		{"DEALER", many + "|t", 0},
		{"ROUTER", "a||{}|t", 2},
		{"REQ", "|text", 1},
		{"REQ", "{||text", 2}, // its request id may begin with anything
		{"REQ", "\x00\x00\x00\x01||text", 2},
	}
	for _, tt := range tests {
		var frames [][]byte
		for f := range strings.SplitSeq(tt.frames, "|") {
			frames = append(frames, []byte(f))
		}
		m := zmtp.NewMessage(frames...)
		if got := SplitEnvelope(tt.socket, m); got != tt.want {
			t.Errorf("%s %q: %d frames, want %d", tt.socket, tt.frames, got, tt.want)
		}
		m.Release()
	}
}

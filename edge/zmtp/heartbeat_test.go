package zmtp

// Commands between messages: PING is answered, none reaches the application.

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

func pingFrame(context string) []byte {
	return appendCommand(nil, cmdPing, append([]byte{0, 10}, context...))
}

func TestPingIsAnsweredWithItsContext(t *testing.T) {
	for name, test := range map[string]struct{ context, answered string }{
		"none":     {"", ""},
		"16 bytes": {"0123456789abcdef", "0123456789abcdef"},
		"too long": {"0123456789abcdefg", "0123456789abcdef"},
	} {
		t.Run(name, func(t *testing.T) {
			l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
			raw := rawPeer(t, l.Endpoint())
			c := mustAccept(t, l)
			raw.Write(append(pingFrame(test.context), AppendFrame(nil, []byte("after"), false)...))
			if got := recvFrames(t, c); !slices.Equal(got, []string{"after"}) {
				t.Errorf("the application received %q", got)
			}
			want := appendCommand(nil, cmdPong, []byte(test.answered))
			got := make([]byte, len(want))
			if _, err := io.ReadFull(raw, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("answered % x, %v; want % x", got, err, want)
			}
		})
	}
}

func TestCommandsBetweenFramesAreNotPartOfTheMessage(t *testing.T) {
	l := mustListen(t, "tcp://127.0.0.1:0", Options{SocketType: "DEALER"})
	raw := rawPeer(t, l.Endpoint())
	c := mustAccept(t, l)
	var b []byte
	for _, command := range [][]byte{
		appendCommand(nil, cmdPong, nil),
		appendCommand(nil, "UNKNOWN", bytes.Repeat([]byte{'x'}, 3000)),
		pingFrame(""),
	} {
		b = append(append(b, command...), AppendFrame(nil, []byte("f"), true)...)
	}
	raw.Write(AppendFrame(b, []byte("last"), false))
	if got := recvFrames(t, c); !slices.Equal(got, []string{"f", "f", "f", "last"}) {
		t.Errorf("received %q", got)
	}
}

func TestPongPassesTheHighWaterMarkButNotWithoutBound(t *testing.T) {
	o := outbox{maxMessages: 1, maxBytes: 10}
	if err := o.put(nil, msg("fills it")); err != nil {
		t.Fatal(err)
	}
	m := msg("x")
	if err := o.put(nil, m); err != ErrFull {
		t.Fatalf("put at the high-water mark: %v", err)
	}
	m.Release()
	for range 10 * maxCommands {
		o.putCommand(cmdPong, []byte("context"))
	}
	want := AppendFrame(nil, []byte("fills it"), false)
	want = append(want, bytes.Repeat(appendCommand(nil, cmdPong, []byte("context")), maxCommands)...)
	if got := bytes.Join(o.take(), nil); !bytes.Equal(got, want) {
		t.Errorf("queued %q", got)
	}
	o.wrote(len(want))
	if o.commands != 0 || o.messages != 0 || o.bytes != 0 || o.take() != nil {
		t.Errorf("not empty after all was written: %+v", o)
	}
}

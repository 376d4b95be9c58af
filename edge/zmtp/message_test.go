package zmtp

// Messages, builders and the ownership of their memory.

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMessageKeepsFrames(t *testing.T) {
	for name, frames := range shapes {
		m := msg(frames...)
		if m.NumFrames() != len(frames) || !slices.Equal(frameStrings(m), frames) {
			t.Errorf("%s: %s", name, short(frameStrings(m)))
		}
		last := len(frames) - 1
		if string(m.Frame(last)) != frames[last] || m.Frame(-1) != nil || m.Frame(last+1) != nil {
			t.Errorf("%s: wrong single frames", name)
		}
		if m.Frame(0) == nil {
			t.Errorf("%s: an existing frame is nil", name)
		}
		m.Release()
	}
}

func TestMessageWireFormIsThatOfTheRFC(t *testing.T) {
	m := msg("", "ab", repeat("c", 256))
	want := append([]byte{1, 0, 1, 2, 'a', 'b', 2, 0, 0, 0, 0, 0, 0, 1, 0}, repeat("c", 256)...)
	if !bytes.Equal(m.wire(), want) || m.Size() != len(want) {
		t.Errorf("got % x", m.wire()[:20])
	}
	m.Release()
}

func TestTailDropsFramesFromTheFront(t *testing.T) {
	m := msg("envelope", "", repeat("x", 300), "y")
	for n := range 5 {
		tail := m.Tail(n)
		want := frameStrings(m)[min(n, 3):]
		if !slices.Equal(frameStrings(tail), want) || tail.NumFrames() != len(want) {
			t.Errorf("Tail(%d) = %s", n, short(frameStrings(tail)))
		}
		if tail.Frame(0) == nil || string(tail.Frame(len(want)-1)) != "y" {
			t.Errorf("Tail(%d): wrong frames", n)
		}
	}
	m.Tail(2).Release() // shares the one reference
}

func TestZeroMessage(t *testing.T) {
	for name, m := range map[string]Message{"zero": {}, "no frames": NewMessage(), "empty builder": NewBuilder(10).Message()} {
		if !m.IsZero() || m.NumFrames() != 0 || m.Size() != 0 || m.Frame(0) != nil || !m.Tail(1).IsZero() {
			t.Errorf("%s: %+v", name, m)
		}
		m.Retain().Release()
		m.Release()
		m.Release()
	}
	if msg("").IsZero() {
		t.Error("a message with an empty frame is not the zero Message")
	}
}

func TestFrameViewsDoNotReachTheirNeighbours(t *testing.T) {
	m := msg("ab", "cd")
	_ = append(m.Frame(0), "overwrite"...)
	if got := frameStrings(m); !slices.Equal(got, []string{"ab", "cd"}) {
		t.Errorf("an append to a view changed the message to %q", got)
	}
	m.Release()
}

func TestReleasingTooOftenPanics(t *testing.T) {
	m := NewMessage(make([]byte, 2<<20)) // not pooled: nobody else gets the buffer
	m.Retain()
	m.Release()
	m.Release()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	m.Release()
}

func TestBufferReturnsToItsPoolWithTheLastReference(t *testing.T) {
	m := msg("x")
	b := m.buf
	m.Retain()
	m.Release()
	if b.refs.Load() != 1 || len(b.b) == 0 {
		t.Fatal("gone with a reference left")
	}
	m.Release()
	if len(b.b) != 0 {
		t.Error("not emptied by the last Release")
	}
}

func TestBuilderMakesWhatNewMessageMakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 600), rapid.IntRange(0, 100_000)), 1, 8).Draw(t, "sizes")
		b := NewBuilder(rapid.IntRange(0, 2000).Draw(t, "hint"))
		var frames [][]byte
		for i, size := range sizes {
			body := bytes.Repeat([]byte{byte('a' + i)}, size)
			frames = append(frames, body)
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				b.AppendFrame(body)
			case 1:
				b.Begin()
				cut := rapid.IntRange(0, size).Draw(t, "cut")
				b.Write(body[:cut])
				b.WriteString(string(body[cut:]))
				b.End()
			case 2:
				b.Begin()
				b.Write(append(b.AvailableBuffer(), body...))
				b.End()
			}
		}
		built, plain := b.Message(), NewMessage(frames...)
		defer built.Release()
		defer plain.Release()
		if !bytes.Equal(built.wire(), plain.wire()) || built.NumFrames() != plain.NumFrames() {
			t.Fatalf("sizes %v: wire forms differ", sizes)
		}
	})
}

func TestBuilderRefusesCallsOutOfOrder(t *testing.T) {
	for name, misuse := range map[string]func(b *Builder){
		"write without begin":  func(b *Builder) { b.Write([]byte("x")) },
		"end without begin":    func(b *Builder) { b.End() },
		"begin twice":          func(b *Builder) { b.Begin(); b.Begin() },
		"append within frame":  func(b *Builder) { b.Begin(); b.AppendFrame(nil) },
		"message within frame": func(b *Builder) { b.Begin(); b.Message() },
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder(0)
			defer b.Discard()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(b)
		})
	}
}

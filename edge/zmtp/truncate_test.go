package zmtp

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// readerOf makes a reader of frames in wire form that come in small pieces.
func readerOf(o Options, frames ...[]byte) *reader {
	var wire []byte
	for i, f := range frames {
		wire = AppendFrame(wire, f, i+1 < len(frames))
	}
	wire = AppendFrame(wire, []byte("next"), false)
	o = o.withDefaults()
	return newReader(iotest.HalfReader(bytes.NewReader(wire)), &o, func([]byte) error { return nil })
}

func TestWhatIsTooLongIsCutAndTheRestGoesOn(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 300_000)
	full := &Budget{Partial: 10_000}
	for _, tt := range []struct {
		name   string
		o      Options
		frames [][]byte
		want   []string
		cut    int
	}{
		{"whole", Options{KeepMessage: 400_000}, [][]byte{{}, long}, []string{"", string(long)}, 0},
		{"last frame", Options{KeepMessage: 200_000}, [][]byte{{}, []byte("{}"), long}, []string{"", "{}", "\x00"}, 300_009},
		{"only frame", Options{KeepMessage: 200_000}, [][]byte{long}, []string{"\x00"}, 300_009},
		{"in the middle", Options{KeepMessage: 200_000}, [][]byte{[]byte("{}"), long, []byte("a"), []byte("b")}, []string{"{}", "\x00"}, 300_015},
		{"small, whatever the budget", Options{Budget: full}, [][]byte{[]byte("{}"), long[:60_000]}, []string{"{}", string(long[:60_000])}, 0},
		{"budget", Options{Budget: full}, [][]byte{[]byte("{}"), long, []byte("a")}, []string{"{}", "\x00"}, 300_012},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := readerOf(tt.o, tt.frames...)
			m, err := r.message()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range m.Frames() {
				got = append(got, string(f))
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d frames, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("frame %d has %d bytes, want %d", i, len(got[i]), len(tt.want[i]))
				}
			}
			if m.Truncated() != int64(tt.cut) {
				t.Errorf("cut %d, want %d", m.Truncated(), tt.cut)
			}
			m.Release()
			if next, err := r.message(); err != nil || string(next.Frame(0)) != "next" || next.Truncated() != 0 {
				t.Errorf("after it %q, %v, cut %d", next.Frame(0), err, next.Truncated())
			}
			if held := full.Held(); held != 0 {
				t.Errorf("the budget still counts %d", held)
			}
		})
	}
}

// A message that stops arriving counts until it is there.
func TestBudgetCountsWhatIsHalfRead(t *testing.T) {
	b := &Budget{}
	o := Options{Budget: b}.withDefaults()
	in, out := io.Pipe()
	r := newReader(in, &o, func([]byte) error { return nil })
	done := make(chan Message)
	go func() {
		m, _ := r.message()
		done <- m
	}()
	wire := AppendFrame(nil, make([]byte, 500_000), false)
	_, _ = out.Write(wire[:200_000])
	_, _ = out.Write(wire[200_000:200_001]) // taken only after the rest was waited for
	if held := b.Held(); held < 200_000 || held > 600_000 {
		t.Errorf("200,000 bytes have arrived, %d are counted", held)
	}
	_, _ = out.Write(wire[200_001:])
	m := <-done
	if m.Size() != len(wire) || b.partial.Load() != 0 {
		t.Errorf("got %d bytes of %d, and %d still count as half read", m.Size(), len(wire), b.partial.Load())
	}
	if b.Held() != m.Retained() || m.Budgeted() != m.Retained() {
		t.Errorf("the message takes %d bytes, %d are counted", m.Retained(), b.Held())
	}
	m.Release()
	if b.Held() != 0 {
		t.Errorf("%d bytes count that nobody holds", b.Held())
	}
}

// Whatever sizes come, the budget is exact again when the queue is empty.
func TestBudgetOfAQueueReturnsToZero(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	b := &Budget{}
	o := outbox{maxMessages: 1 << 20, maxBytes: 1 << 40, budget: b}
	for range 2000 {
		for range rng.IntN(5) {
			if err := o.put(nil, NewMessage(make([]byte, rng.IntN(20_000)))); err != nil {
				t.Fatal(err)
			}
		}
		if d := o.held - b.Held(); d >= budgetSlack || -d >= budgetSlack || o.held < o.bytes {
			t.Fatalf("the queue holds %d bytes for %d, the budget counts %d", o.held, o.bytes, b.Held())
		}
		if bufs := o.take(); bufs != nil {
			o.wrote(1 + rng.IntN(size(bufs)))
		}
	}
	for bufs := o.take(); bufs != nil; bufs = o.take() {
		o.wrote(size(bufs))
	}
	if b.Held() != 0 {
		t.Fatalf("an empty queue counts %d", b.Held())
	}
	_ = o.put(nil, NewMessage(make([]byte, 50_000)))
	o.drop()
	if b.Held() != 0 {
		t.Fatalf("a dropped queue counts %d", b.Held())
	}
}

package zmtp

// Bounds on memory: what connections hold is counted as it is retained, and what is too
// large is cut on every kind of connection.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"time"
)

// sealedPair returns the two directions of a connection with CURVE.
func sealedPair() (seal *sealer, open *opener) {
	key := precompute(GenerateKey().Public(), GenerateKey())
	client := newTraffic(&key, nonceByClient, 1, nonceByServer, 1)
	server := newTraffic(&key, nonceByServer, 1, nonceByClient, 1)
	return client.seal, server.open
}

// sealedReaderOf is readerOf with CURVE.
func sealedReaderOf(o Options, change func(sealed []byte), frames ...[]byte) *reader {
	seal, open := sealedPair()
	var wire []byte
	for i, f := range frames {
		wire = seal.appendFrames(wire, AppendFrame(nil, f, i+1 < len(frames)))
	}
	if change != nil {
		change(wire)
	}
	wire = seal.appendFrames(wire, AppendFrame(nil, []byte("next"), false))
	o = o.withDefaults()
	r := newReader(iotest.HalfReader(bytes.NewReader(wire)), &o, func([]byte) error { return nil })
	r.sealed.opener = open
	return r
}

func TestWhatIsTooLongIsCutWithCURVEToo(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 300_000)
	full := func() *Budget { return &Budget{Partial: 100_000} }
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
		{"in the middle", Options{KeepMessage: 200_000}, [][]byte{[]byte("{}"), long, []byte("a"), long, []byte("b")}, []string{"{}", "\x00"}, 600_024},
		{"small frames", Options{KeepMessage: 2_000}, [][]byte{[]byte("{}"), long[:1500], long[:1500], []byte("b")}, []string{"{}", string(long[:1500]), "\x00"}, 1509 + 3},
		{"no room while it is gathered", Options{Budget: full()}, [][]byte{[]byte("{}"), long, []byte("a")}, []string{"{}", "\x00"}, 300_012},
		{"no room for many small frames", Options{Budget: full()}, [][]byte{long[:7000], long[:60_000], long[:8000], long[:60_000]}, []string{string(long[:7000]), "\x00"}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := sealedReaderOf(tt.o, nil, tt.frames...)
			m, err := r.message()
			if err != nil {
				t.Fatal(err)
			}
			if got := frameStrings(m); tt.cut >= 0 && short(got) != short(tt.want) || fmt.Sprint(len(got)) == "0" {
				t.Errorf("got %s, want %s", short(got), short(tt.want))
			}
			if m.Truncated() != int64(tt.cut) && tt.cut >= 0 || tt.cut < 0 && m.Truncated() == 0 {
				t.Errorf("cut %d, want %d", m.Truncated(), tt.cut)
			}
			m.Release()
			if next, err := r.message(); err != nil || string(next.Frame(0)) != "next" || next.Truncated() != 0 {
				t.Errorf("after it %q, %v, cut %d", next.Frame(0), err, next.Truncated())
			}
			r.close()
			if b := tt.o.Budget; b != nil && (b.Held() != 0 || b.partial.Load() != 0) {
				t.Errorf("the budget still counts %d and %d", b.Held(), b.partial.Load())
			}
		})
	}
}

// What is thrown away is authenticated all the same: nobody on the way can change where a
// message ends, or what counts as read.
func TestWhatIsCutWithCURVECannotBeAltered(t *testing.T) {
	frames := [][]byte{[]byte("{}"), bytes.Repeat([]byte("x"), 50_000), []byte("last")}
	first := sealedSize(len(frames[0]))
	for _, at := range []int{first + longHeader + 3, first + longHeader + len(messageName) + 7, first + longHeader + sealedHead, first + longHeader + sealedHead + boxOverhead, first + 30_000, first + sealedSize(50_000) - 1} {
		r := sealedReaderOf(Options{KeepMessage: 10_000}, func(sealed []byte) { sealed[at] ^= 1 }, frames...)
		if m, err := r.message(); !errors.Is(err, ErrProtocol) {
			t.Errorf("byte %d altered: got %d frames, cut %d, %v", at, m.NumFrames(), m.Truncated(), err)
		}
	}
}

// Whatever the sizes are, and wherever reads end, a reader that cuts gives the same with
// and without CURVE.
func TestCutMessagesAreTheSameWithAndWithoutCURVE(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		frames := make([][]byte, 1+rng.IntN(5))
		for i := range frames {
			frames[i] = make([]byte, rng.IntN([]int{10, 300, 9000, 100_000}[rng.IntN(4)]))
		}
		o := Options{KeepMessage: int64(1 + rng.IntN(60_000))}
		plain, plainErr := readerOf(o, frames...).message()
		sealed, sealedErr := sealedReaderOf(o, nil, frames...).message()
		if plainErr != nil || sealedErr != nil {
			t.Fatal(plainErr, sealedErr)
		}
		if !bytes.Equal(plain.wire(), sealed.wire()) || plain.Truncated() != sealed.Truncated() || plain.NumFrames() != sealed.NumFrames() {
			t.Fatalf("%d bytes kept: %s, cut %d; with CURVE %s, cut %d", o.KeepMessage, short(frameStrings(plain)), plain.Truncated(), short(frameStrings(sealed)), sealed.Truncated())
		}
	}
}

func TestPartsOfABudgetHaveBoundsOfTheirOwn(t *testing.T) {
	all := &Budget{Partial: 100 << 10, Total: 150 << 10}
	part := &Budget{Parent: all, Partial: 100 << 10, Total: 250 << 10}
	if !all.Reserve(100<<10) || all.Reserve(1) {
		t.Fatal("100 KiB, and no more, are to pass")
	}
	if !part.Reserve(100 << 10) {
		t.Error("the part has room of its own")
	}
	if all.Held() != 200<<10 || part.Held() != 200<<10 {
		t.Errorf("held %d and %d, want 200 KiB", all.Held(), part.Held())
	}
	part.Hold(60 << 10)
	part.Reserve(-50 << 10)
	if part.Reserve(50 << 10) {
		t.Error("Total is exceeded")
	}
}

// The memory of a message counts with its capacity, from its first bytes until the last
// reference is gone, whoever has it.
func TestBudgetCountsMessagesUntilTheyAreReleased(t *testing.T) {
	for _, mechanism := range []string{Null, Curve} {
		t.Run(mechanism, func(t *testing.T) {
			b := new(Budget)
			listen, dial := Options{Budget: b}, Options{}
			if mechanism == Curve {
				key := GenerateKey()
				listen.Security = Security{Mechanism: Curve, Key: key}
				dial.Security = Security{Mechanism: Curve, Key: GenerateKey(), ServerKey: key.Public()}
			}
			accepted, dialed := pair(t, "tcp://127.0.0.1:0", listen, dial)
			if err := dialed.Send(nil, msg("a", repeat("x", 200_000))); err != nil {
				t.Fatal(err)
			}
			m, err := within(t, "Recv", accepted.Recv)
			if err != nil {
				t.Fatal(err)
			}
			if m.Retained() < 200_000 || b.Held() < m.Retained() || b.Held() > 2*m.Retained() {
				t.Errorf("%d bytes are counted for %d", b.Held(), m.Retained())
			}
			m.Retain().Release()
			if b.Held() < m.Retained() {
				t.Error("does not count any more, and one reference is left")
			}
			if err := accepted.Send(nil, m); err != nil {
				t.Fatal(err)
			}
			if got := recvFrames(t, dialed); len(got) != 2 {
				t.Fatalf("%d frames", len(got))
			}
			accepted.Close()
			if b.Held() != 0 || b.conns.Load() != 0 {
				t.Errorf("%d bytes and %d connections are counted at the end", b.Held(), b.conns.Load())
			}
		})
	}
}

// waitingSource is a stream on which every read has to wait once.
type waitingSource struct {
	r      *reader
	pieces [][]byte
	held   []int // bytes of read buffer while it was waited for each piece
}

func (s *waitingSource) Read([]byte) (int, error) { panic("not lazy") }

func (s *waitingSource) readInto(m readMemory) (int, error) {
	m.room() // tried, and nothing was there
	m.park()
	s.held = append(s.held, len(s.r.buf))
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(m.room(), s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

// A connection that waits has no read buffer, or one for what is in it: a part of a
// header, of a command, or of an encrypted frame.
func TestReadersThatWaitHoldOnlyWhatTheyHaveRead(t *testing.T) {
	frame := AppendFrame(nil, make([]byte, 300), false)
	ping := appendCommand(nil, cmdPing, make([]byte, 2+maxPingContext))
	seal, open := sealedPair()
	sealed := seal.appendFrames(nil, AppendFrame(nil, make([]byte, 6000), false))
	for _, tt := range []struct {
		name   string
		pieces [][]byte
		open   *opener
		most   int // bytes of read buffer while waiting
	}{
		{"between messages", [][]byte{frame, frame}, nil, 0},
		{"in a header", [][]byte{frame, frame[:1], frame[1:]}, nil, 512},
		{"in a frame", [][]byte{frame[:100], frame[100:]}, nil, 0},
		{"in a command", [][]byte{ping[:5], ping[5:], frame}, nil, 512},
		{"in an encrypted frame", [][]byte{sealed[:5000], sealed[5000:]}, open, 9 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{}.withDefaults()
			src := &waitingSource{pieces: tt.pieces}
			src.r = newReader(src, &o, func([]byte) error { return nil })
			src.r.sealed.opener = tt.open
			for {
				m, err := src.r.message()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				m.Release()
			}
			for i, n := range src.held {
				if n > tt.most {
					t.Errorf("waiting for piece %d it holds %d bytes, want at most %d", i, n, tt.most)
				}
			}
		})
	}
}

func TestQueueIsAwaited(t *testing.T) {
	accepted, dialed := pair(t, "inproc://"+t.Name(), Options{}, Options{})
	for range 20 { // more than the pipe takes
		if err := accepted.Send(nil, msg(repeat("x", 10_000))); err != nil {
			t.Fatal(err)
		}
	}
	awaited := make(chan int, 1)
	go func() {
		accepted.AwaitQueue(30_000)
		_, n := accepted.Queued()
		awaited <- n
	}()
	select {
	case n := <-awaited:
		t.Fatalf("does not wait, with %d bytes queued", n)
	case <-time.After(20 * time.Millisecond): // only makes the test weaker when it is too short
	}
	for range 20 {
		recvFrames(t, dialed)
	}
	if n, _ := within(t, "AwaitQueue", func() (int, error) { return <-awaited, nil }); n > 30_000 {
		t.Errorf("waited until %d bytes are queued", n)
	}
}

func TestQueueIsAwaitedNoLongerThanTheConnectionLives(t *testing.T) {
	accepted, _ := pair(t, "inproc://"+t.Name(), Options{}, Options{})
	for range 20 {
		_ = accepted.Send(nil, msg(repeat("x", 10_000)))
	}
	awaited := make(chan struct{})
	go func() {
		accepted.AwaitQueue(0)
		close(awaited)
	}()
	accepted.Close()
	_, _ = within(t, "AwaitQueue", func() (int, error) { <-awaited; return 0, nil })
}

func TestLimitOfAConnectionCanBeRaised(t *testing.T) {
	for _, tt := range []struct {
		raised bool
		size   int
		ok     bool
	}{{false, 900, true}, {false, 2000, false}, {true, 2000, true}, {true, 20_000, false}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			accepted, dialed := pair(t, "tcp://127.0.0.1:0", Options{MaxFrame: 10_000, MaxMessage: 1000}, Options{})
			if tt.raised {
				accepted.SetMaxMessage(50_000)
			}
			_ = dialed.Send(nil, msg(repeat("x", tt.size)))
			m, err := within(t, "Recv", accepted.Recv)
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, ErrProtocol) {
				t.Error(err)
			}
			m.Release()
		})
	}
}

// With many connections nobody gets memory on the word of a header.
func TestManyConnectionsGetLittleMemoryInAdvance(t *testing.T) {
	b := &Budget{Partial: 100 << 10}
	b.connected(manyConns + 1)
	defer b.connected(-manyConns - 1)
	in, out := io.Pipe()
	defer out.Close()
	o := Options{Budget: b}.withDefaults()
	r := newReader(in, &o, nil)
	read := make(chan struct{})
	go func() {
		_, _ = r.message()
		close(read)
	}()
	_, _ = out.Write(longFrame(0, 60_000, "little"))
	_, _ = out.Write([]byte{0}) // taken only after the rest was waited for
	if n := b.partial.Load(); n > smallBuffer {
		t.Errorf("%d bytes for a few", n)
	}
	in.Close()
	<-read
	if !b.allows(smallBuffer, 0, smallBuffer) || b.allows(101<<10, 0, 101<<10) {
		t.Error("the first 4 KiB, and no more than Partial, are to pass")
	}
}

func TestMetadataHasFewProperties(t *testing.T) {
	var data []byte
	for i := range maxProperties {
		data = appendProperty(data, fmt.Sprint("X-", i), []byte("value"))
	}
	if _, err := parseMetadata(data); err != nil {
		t.Fatal(err)
	}
	if _, err := parseMetadata(appendProperty(data, "X", nil)); !errors.Is(err, ErrProtocol) {
		t.Errorf("%d properties: %v", maxProperties+1, err)
	}
}

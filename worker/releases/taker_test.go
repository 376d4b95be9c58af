package releases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// bundle is a release with its chunks.
type bundle struct {
	*release.Release
	chunks map[release.Hash][]byte
}

// makeBundle makes an unsigned release whose pack has a literal and some chunks.
func makeBundle(t *testing.T, number uint64, memory int64) *bundle {
	t.Helper()
	b := match.NewBuilder(match.Options{})
	if err := b.Add(&match.Rule{ID: fmt.Sprint("rule", number), Literals: [][]byte{fmt.Append(nil, "word", number)}}); err != nil {
		t.Fatal(err)
	}
	p, err := b.Pack()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var pack bytes.Buffer
	if _, err := p.WriteTo(&pack); err != nil {
		t.Fatal(err)
	}
	source := make([]byte, 1<<20+1<<18)
	random := rand.New(rand.NewPCG(number, 1))
	for i := range source {
		source[i] = byte(random.Uint32())
	}
	d := &release.Document{Format: release.Format, Set: "pii", Number: number, Made: "2026-11-30"}
	d.Pack.Format, d.Pack.Memory.Load = match.FormatVersion, memory
	out := &bundle{chunks: make(map[release.Hash][]byte)}
	for _, m := range []struct {
		name string
		data []byte
	}{{"pii.pack", pack.Bytes()}, {"words.txt", source}} {
		size, hashes, err := release.Split(bytes.NewReader(m.data))
		if err != nil {
			t.Fatal(err)
		}
		d.Members = append(d.Members, release.Member{Name: m.name, Size: size, Chunks: hashes})
		for i, h := range hashes {
			var c release.Compressor
			compressed, err := c.Compress(m.data[i*release.ChunkSize:][:d.Members[len(d.Members)-1].ChunkSize(i)])
			if err != nil {
				t.Fatal(err)
			}
			out.chunks[h] = bytes.Clone(compressed)
		}
	}
	if out.Release, err = release.Sign(d, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

// fleet is a worker's Taker with brokers.
type fleet struct {
	t      *testing.T
	folder string
	free   atomic.Int64
	broken atomic.Bool // packs cannot be opened

	taker    *Taker
	stop     func()
	outcomes chan wire.Outcome

	mu     sync.Mutex
	chunks map[release.Hash][]byte
	served map[string]int // parts, by broker
	silent map[string]bool
}

func newFleet(t *testing.T, bundles ...*bundle) *fleet {
	f := &fleet{
		t: t, folder: t.TempDir(), outcomes: make(chan wire.Outcome, 1000),
		chunks: make(map[release.Hash][]byte), served: make(map[string]int), silent: make(map[string]bool),
	}
	for _, b := range bundles {
		for h, c := range b.chunks {
			f.chunks[h] = c
		}
	}
	f.start()
	t.Cleanup(func() { f.stop() })
	return f
}

// start starts the worker's process.
func (f *fleet) start() {
	f.taker = New(Options{
		Folder: f.folder, Worker: "pi3", Slots: 1, Sets: map[string]*release.TrustFile{"pii": release.FixedTrust(release.TrustAnything())},
		OpenPack: func(path string) (*match.Pack, error) {
			if f.broken.Load() {
				return nil, errors.New("the pack is broken")
			}
			return match.OpenMapped(path)
		},
		Test: func([]string) error { return nil }, Free: f.free.Load, Log: slog.New(slog.DiscardHandler),
	})
	var pack *match.Pack
	reload := func(set string) {
		p, err := f.taker.Open(set, func() (*match.Pack, error) { return nil, nil })
		if err == nil {
			pack = p
		}
	}
	reload("pii")
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f.taker.Run(ctx, reload) })
	f.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if pack != nil {
			pack.Close()
		}
	})
}

// offer connects a broker that wants the worker to have releases.
func (f *fleet) offer(broker string, retry uint64, bundles ...*bundle) {
	f.taker.Connect(broker, func(control, body []byte) error {
		if q, ok := wire.ParseFetch(control); ok {
			f.answer(broker, q)
			return nil
		}
		list, err := wire.ParseOutcomes(body)
		if err != nil {
			f.t.Error(err)
		}
		for _, o := range list {
			f.outcomes <- o
		}
		return nil
	})
	var goals []wire.Goal
	for _, b := range bundles {
		goals = append(goals, wire.Goal{Document: b.Bytes, Signature: b.Signature, Retry: retry})
	}
	f.taker.Goals(broker, goals)
}

func (f *fleet) answer(broker string, q wire.Fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.silent[broker] {
		return
	}
	f.served[broker]++
	chunk := f.chunks[q.Chunk]
	p := wire.Part{Number: q.Number, Offset: q.Offset}
	if q.Offset < int64(len(chunk)) {
		p.Bytes = chunk[q.Offset:min(int64(len(chunk)), q.Offset+int64(q.Length))]
		p.Last = q.Offset+int64(len(p.Bytes)) == int64(len(chunk))
	}
	f.taker.Part(broker, p)
}

// until waits for an outcome.
func (f *fleet) until(number uint64, state wire.OutcomeState) wire.Outcome {
	f.t.Helper()
	late := time.After(patience)
	for {
		select {
		case o := <-f.outcomes:
			if o.Number == number && o.State == state {
				return o
			}
		case <-late:
			f.t.Fatalf("release %d does not become %s", number, state)
		}
	}
}

// TestReleaseIsTakenAndKept: also in the next process, which has no broker.
func TestReleaseIsTakenAndKept(t *testing.T) {
	seven := makeBundle(t, 7, 0)
	f := newFleet(t, seven)
	f.offer("a", 0, seven)
	f.until(7, wire.StateActive)
	f.stop()
	f.taker.End()
	f.start()
	if ids := f.taker.InUse(); len(ids) != 1 || ids[0].Number != 7 {
		t.Errorf("the next process uses %+v", ids)
	}
}

// A broker that falls silent or goes away in the middle of a fetch is no end of it.
func TestFetchGoesOnWithAnotherBroker(t *testing.T) {
	seven := makeBundle(t, 7, 0)
	f := newFleet(t, seven)
	f.silent["a"] = true
	f.offer("a", 0, seven)
	f.until(7, wire.StateFetching)
	f.offer("b", 0, seven)
	f.taker.Disconnect("a")
	f.until(7, wire.StateActive)
	if f.served["a"] != 0 || f.served["b"] < 4 {
		t.Errorf("served %v", f.served)
	}
}

// The highest of all offers wins, also over one that is being fetched.
func TestHighestOfferWins(t *testing.T) {
	seven, eight := makeBundle(t, 7, 0), makeBundle(t, 8, 0)
	f := newFleet(t, seven, eight)
	f.silent["a"] = true
	f.offer("a", 0, seven)
	f.until(7, wire.StateFetching)
	f.offer("b", 0, eight)
	f.until(8, wire.StateActive)
	f.offer("c", 0, seven) // not higher: ignored
	f.mu.Lock()
	f.silent["a"] = false
	f.mu.Unlock()
	if ids := f.taker.InUse(); ids[0].Number != 8 {
		t.Errorf("uses %+v", ids)
	}
}

// A release that does not fit into the memory that is left is refused before a byte is fetched, and taken
// when somebody asks for it again and there is room.
func TestMemoryIsLookedAtFirst(t *testing.T) {
	seven := makeBundle(t, 7, 54e6)
	f := newFleet(t, seven)
	f.free.Store(31e6)
	f.offer("a", 0, seven)
	o := f.until(7, wire.StateRefused)
	if want := "takes 54.0 MB of memory, 31.0 MB are free"; !bytes.Contains([]byte(o.Error), []byte(want)) {
		t.Errorf("%q, want %q", o.Error, want)
	}
	if f.served["a"] != 0 {
		t.Error("chunks were fetched")
	}
	f.free.Store(100e6)
	f.taker.Goals("a", []wire.Goal{{Document: seven.Bytes, Retry: 5}})
	f.until(7, wire.StateActive)
}

// A pack that cannot be opened leaves the release before in use.
func TestBrokenPackIsNotUsed(t *testing.T) {
	seven, eight := makeBundle(t, 7, 0), makeBundle(t, 8, 0)
	f := newFleet(t, seven, eight)
	f.offer("a", 0, seven)
	f.until(7, wire.StateActive)
	f.broken.Store(true)
	f.offer("a", 0, eight)
	f.until(8, wire.StateFailed)
	if ids := f.taker.InUse(); ids[0].Number != 7 {
		t.Errorf("uses %+v", ids)
	}
	f.broken.Store(false)
	f.offer("a", 3, eight)
	f.until(8, wire.StateActive)
}

// A process that ends without End each time, as one that crashes does, comes back with the release before.
func TestReleaseThatEndsTheProcessGivesWay(t *testing.T) {
	seven, eight := makeBundle(t, 7, 0), makeBundle(t, 8, 0)
	f := newFleet(t, seven, eight)
	f.offer("a", 0, seven)
	f.until(7, wire.StateActive)
	f.stop()
	f.taker.End()
	f.start()
	f.offer("a", 0, eight)
	f.until(8, wire.StateActive)
	for range 1 {
		f.stop() // and no End: it has crashed
		f.start()
		if ids := f.taker.InUse(); ids[0].Number != 8 {
			t.Fatalf("after the first crash it uses %+v", ids)
		}
	}
	f.stop()
	f.start()
	if ids := f.taker.InUse(); ids[0].Number != 7 {
		t.Fatalf("after the second crash it uses %+v", ids)
	}
	f.offer("a", 0, eight) // offered, and not taken
	f.until(8, wire.StateCrashed)
	f.offer("a", 9, eight)
	f.until(8, wire.StateActive)
}

// A damaged pack on the card gives way to the release before at the start.
func TestDamagedPackGivesWayAtTheStart(t *testing.T) {
	seven, eight := makeBundle(t, 7, 0), makeBundle(t, 8, 0)
	f := newFleet(t, seven, eight)
	f.offer("a", 0, seven)
	f.until(7, wire.StateActive)
	f.offer("a", 0, eight)
	f.until(8, wire.StateActive)
	f.stop()
	f.taker.End()
	packs, err := filepath.Glob(filepath.Join(f.folder, "pii", "8-*.pii.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("%v, %v", packs, err)
	}
	info, err := os.Stat(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packs[0], make([]byte, info.Size()), 0o600); err != nil {
		t.Fatal(err)
	}
	f.start()
	if ids := f.taker.InUse(); ids[0].Number != 7 {
		t.Errorf("with a damaged pack of release 8 it begins with %+v", ids)
	}
}

// What is no release is skipped.
func TestGoalsOfStrangersAreSkipped(t *testing.T) {
	seven := makeBundle(t, 7, 0)
	f := newFleet(t, seven)
	f.offer("a", 0)
	f.taker.Goals("a", []wire.Goal{{Document: []byte("{}")}, {Document: nil}, {Document: seven.Bytes}})
	f.until(7, wire.StateActive)
}

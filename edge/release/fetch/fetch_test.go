package fetch

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"trawl/edge/release"
	"trawl/edge/wire"
)

// memorySink keeps chunks.
type memorySink struct {
	wanted []release.ChunkRef
	got    [][]byte
}

func (s *memorySink) Next() (release.ChunkRef, bool) {
	if len(s.got) == len(s.wanted) {
		return release.ChunkRef{}, false
	}
	return s.wanted[len(s.got)], true
}

func (s *memorySink) Append(plain []byte) error {
	s.got = append(s.got, bytes.Clone(plain))
	return nil
}

// content is chunks, and how a broker has compressed them.
func content(t *testing.T, n int) (refs []release.ChunkRef, plain [][]byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		data := make([]byte, 1+random.IntN(300_000))
		for i := range data {
			data[i] = byte(random.IntN(16))
		}
		plain = append(plain, data)
		refs = append(refs, release.ChunkRef{Hash: release.HashOf(data), Size: len(data)})
	}
	return refs, plain
}

func compress(t *testing.T, data []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Brokers lose messages, damage bytes, put off, compress in different ways, come and go: all chunks
// arrive as they are, as long as one of the brokers has them.
func TestAllChunksArriveWhateverBrokersDo(t *testing.T) {
	refs, plain := content(t, 6)
	has := [2]map[release.Hash][]byte{{}, {}}
	for i, ref := range refs {
		has[0][ref.Hash] = compress(t, plain[i], flate.BestCompression)
		if i%2 == 0 {
			has[1][ref.Hash] = compress(t, plain[i], flate.NoCompression)
		}
	}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 7))
		now := time.Unix(1000, 0)
		sink := &memorySink{wanted: refs}
		type sent struct {
			broker int
			wire.Fetch
		}
		var outstanding []sent
		up := [2]bool{}
		f := New(sink, seed, func(id int, q wire.Fetch) bool {
			if !up[id] {
				return false
			}
			outstanding = append(outstanding, sent{id, q})
			return true
		})
		answer := func() {
			q := outstanding[0]
			outstanding = outstanding[1:]
			p := wire.Part{Number: q.Number, Offset: q.Offset}
			chunk, ok := has[q.broker][q.Chunk]
			switch random.IntN(40) {
			case 0:
				return // lost
			case 1:
				p.Later = time.Second
			case 2:
				p.Bytes, p.Last = []byte("damaged"), true
			case 3:
				p.Number-- // to an older question
			default:
				if ok && q.Offset < int64(len(chunk)) {
					p.Bytes = chunk[q.Offset:min(int64(len(chunk)), q.Offset+int64(q.Length))]
					p.Last = q.Offset+int64(len(p.Bytes)) == int64(len(chunk))
				}
			}
			f.Part(now, q.broker, p)
		}
		steps := 0
		for done := false; !done; steps++ {
			if steps > 20_000 {
				t.Fatalf("seed %d: %d of %d chunks, %s", seed, len(sink.got), len(refs), f.Reason())
			}
			switch id := random.IntN(2); {
			case random.IntN(30) == 0:
				up[id] = !up[id]
				outstanding = slices.DeleteFunc(outstanding, func(s sent) bool { return s.broker == id })
				if up[id] {
					f.Offered(now, id)
				} else {
					f.Gone(now, id)
				}
			case len(outstanding) > 0:
				answer()
			default:
				now = now.Add(time.Second)
				f.Tick(now)
			}
			if len(outstanding) > 1 {
				t.Fatalf("seed %d: %d questions at once", seed, len(outstanding))
			}
			var err error
			if done, err = f.Done(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range plain {
			if !bytes.Equal(sink.got[i], plain[i]) {
				t.Fatalf("seed %d: chunk %d is another", seed, i)
			}
		}
	}
}

// A fetcher without news says when to look again, and never at once.
func TestFetcherIsNotBusy(t *testing.T) {
	refs, _ := content(t, 1)
	now := time.Unix(1000, 0)
	f := New(&memorySink{wanted: refs}, 0, func(int, wire.Fetch) bool { return false })
	if due := f.Due(now); !due.IsZero() {
		t.Errorf("without a broker: due %v", due)
	}
	f.Offered(now, 1)
	if due := f.Due(now); due.Sub(now) < time.Second {
		t.Errorf("with a broker that takes nothing: due after %v", due.Sub(now))
	}
}

// Workers take turns, and no more than the rate goes out.
func TestTurnsAreFairAndBounded(t *testing.T) {
	turns := NewTurns[string](1e6)
	now := time.Unix(1000, 0)
	served := map[string]int{}
	out := 0
	turns.Next(now)
	workers := []string{"a", "b", "c"}
	for range 10_000 {
		for _, w := range workers {
			if later := turns.Add(w, wire.Fetch{Length: wire.MaxPart}); later > 0 {
				t.Fatalf("put off by %v with three workers", later)
			}
		}
		w, f, wait, ok := turns.Next(now)
		if !ok {
			if wait <= 0 || wait > time.Second {
				t.Fatalf("wait %v", wait)
			}
			now = now.Add(wait)
			continue
		}
		served[w]++
		out += f.Length
	}
	elapsed := now.Sub(time.Unix(1000, 0)).Seconds()
	if rate := float64(out-2*burst) / elapsed; rate > 1e6 {
		t.Errorf("%.0f bytes a second", rate)
	}
	for _, w := range workers {
		if n := served[w]; n < (served["a"]+served["b"]+served["c"])/3-1 {
			t.Errorf("served %v", served)
		}
	}
}

// So many workers that the last would wait for too long are put off; one that has left takes no turn.
func TestTurnsPutOffAndForget(t *testing.T) {
	turns := NewTurns[int](1e6)
	now := time.Unix(1000, 0)
	put, last := 0, 0
	for w := range 1000 {
		if later := turns.Add(w, wire.Fetch{Length: wire.MaxPart}); later > 0 {
			if later < Timeout/2 {
				t.Fatalf("put off by %v", later)
			}
			put++
		} else {
			last = w
		}
	}
	if put == 0 || put > 900 {
		t.Errorf("%d of 1000 workers are put off", put)
	}
	for w := range last {
		turns.Drop(w)
	}
	if w, _, _, ok := turns.Next(now); !ok || w != last {
		t.Errorf("worker %d is served, want %d", w, last)
	}
	if _, _, wait, ok := turns.Next(now); ok || wait != 0 {
		t.Error("there is a turn of nobody")
	}
}

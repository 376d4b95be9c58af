package workerstore

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/release/internal/disk/disktest"
	"trawl/edge/release/internal/releasetest"
)

// testBoard is a board with workers in a test. Its clock stands still.
type testBoard struct {
	t     testing.TB
	disk  *disktest.FS
	boot  string
	since time.Duration
	trust *release.Trust
}

func newBoard(t testing.TB) *testBoard {
	return &testBoard{t: t, disk: disktest.New(), boot: "first", trust: release.TrustAnything()}
}

func (b *testBoard) store(worker string) *Store {
	return &Store{
		fs: b.disk, folder: "/releases", worker: worker, format: 4, log: slog.New(slog.DiscardHandler),
		clock: func() (string, time.Duration) { return b.boot, b.since },
	}
}

// take brings a release to the board, as a fetch does.
func take(s *Store, b *releasetest.Bundle) (*Stored, error) {
	in, err := s.Begin(b.Release)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := fill(in, b, -1); err != nil {
		return nil, err
	}
	return in.Commit()
}

// fill appends most chunks at most; -1: all.
func fill(in *Incoming, b *releasetest.Bundle, most int) error {
	plain := make(map[release.Hash][]byte)
	for _, m := range b.Members {
		for i, h := range m.Chunks {
			plain[h] = b.Data[m.Name][i*release.ChunkSize:][:m.ChunkSize(i)]
		}
	}
	for ; most != 0; most-- {
		ref, ok := in.Next()
		if !ok {
			return nil
		}
		if err := in.Append(plain[ref.Hash]); err != nil {
			return err
		}
	}
	return nil
}

// use takes a release and makes it the last good one.
func (b *testBoard) use(s *Store, bundle *releasetest.Bundle) error {
	st, err := take(s, bundle)
	if err == nil {
		err = s.Use(st)
	}
	if err == nil {
		err = s.Confirm(st)
	}
	return err
}

func (b *testBoard) mustUse(s *Store, bundle *releasetest.Bundle) {
	b.t.Helper()
	if err := b.use(s, bundle); err != nil {
		b.t.Fatal(err)
	}
}

// starts returns the number of the release that a worker begins with, whose pack is held against the
// bundle's.
func (b *testBoard) starts(s *Store, of ...*releasetest.Bundle) uint64 {
	b.t.Helper()
	start, err := s.Start("pii", b.trust)
	if err != nil {
		b.t.Fatal(err)
	}
	if start.Stored == nil {
		return 0
	}
	f, err := b.disk.Open(start.Stored.Pack)
	if err != nil {
		b.t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	for _, bundle := range of {
		if bundle.Version == start.Stored.Release.Version {
			if err != nil || !bytes.Equal(data, bundle.Data["pii.pack"]) {
				b.t.Fatalf("release %d: the pack on the board is not the one that was released (%v)", bundle.Number, err)
			}
			return bundle.Number
		}
	}
	b.t.Fatalf("the worker begins with %v", start.Stored.Release.Version)
	return 0
}

// Whenever the power is cut, a worker begins with the release before or with the new one, and the new
// one can be taken afterwards.
func TestPowerCutsLeaveAWholeRelease(t *testing.T) {
	seven, eight := releasetest.Large(t, nil, "pii", 7, 2), releasetest.Large(t, nil, "pii", 8, 3)
	olds, news := 0, 0
	for cut := 1; ; cut++ {
		b := newBoard(t)
		b.mustUse(b.store("pi3"), seven)
		b.disk.FailAt(cut, disktest.ErrPowerCut)
		if b.use(b.store("pi3"), eight) == nil {
			break
		}
		for seed := range uint64(3) {
			after := *b
			after.disk = b.disk.Crash(rand.New(rand.NewPCG(seed, uint64(cut))))
			switch after.starts(after.store("pi3"), seven, eight) {
			case 7:
				olds++
			case 8:
				news++
			default:
				t.Fatalf("cut at change %d: neither release is there: %v", cut, after.disk.Files())
			}
			after.mustUse(after.store("pi3"), eight)
			if n := after.starts(after.store("pi3"), seven, eight); n != 8 {
				t.Fatalf("cut at change %d: afterwards release %d is in use", cut, n)
			}
		}
	}
	if olds == 0 || news == 0 {
		t.Errorf("%d times the old release, %d times the new one", olds, news)
	}
}

// A full or broken card leaves the release in use where it is.
func TestFailedWritesLeaveTheReleaseInUse(t *testing.T) {
	seven, eight := releasetest.Small(t, nil, "pii", 7, 1), releasetest.Small(t, nil, "pii", 8, 1)
	for _, failure := range []error{disktest.ErrFull, disktest.ErrBroken} {
		for at := 1; ; at++ {
			b := newBoard(t)
			s := b.store("pi3")
			b.mustUse(s, seven)
			b.disk.FailAt(at, failure)
			before := b.disk.Changes()
			_ = b.use(s, eight) // may succeed: what cannot be removed is left for later
			changes := b.disk.Changes() - before
			b.disk.FailAt(0, nil)
			if n := b.starts(s, seven, eight); n != 7 && n != 8 {
				t.Fatalf("%v at change %d: release %d", failure, at, n)
			}
			b.mustUse(s, eight)
			if n := b.starts(s, seven, eight); n != 8 {
				t.Fatalf("%v at change %d: afterwards release %d", failure, at, n)
			}
			if at > changes {
				break
			}
		}
	}
}

// A fetch that was cut goes on at the next chunk.
func TestFetchGoesOnWhereItWasCut(t *testing.T) {
	b := newBoard(t)
	s, eight := b.store("pi3"), releasetest.Large(t, nil, "pii", 8, 4)
	in, err := s.Begin(eight.Release)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(in, eight, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(eight.Release); !errors.Is(err, ErrLocked) {
		t.Errorf("two fetches at once: %v", err)
	}
	left := in.Left()
	in.Close()
	again, err := s.Begin(eight.Release)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Left() != left || left >= eight.Size() {
		t.Errorf("%d bytes are left, before the cut there were %d of %d", again.Left(), left, eight.Size())
	}
	if _, err := again.Commit(); err == nil {
		t.Error("a release that is not whole is there")
	}
	if err := again.Append([]byte("no chunk")); !errors.Is(err, release.ErrChunk) {
		t.Errorf("other bytes: %v", err)
	}
	if err := fill(again, eight, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := b.starts(s, eight); n != 8 {
		t.Errorf("release %d", n)
	}
}

// A release is written once, with little beside it.
func TestLittleIsWritten(t *testing.T) {
	b := newBoard(t)
	s, eight := b.store("pi3"), releasetest.Large(t, nil, "pii", 8, 4)
	b.mustUse(s, eight)
	if n, most := b.disk.Written(), eight.Size()*105/100+64<<10; n > most {
		t.Errorf("%d bytes were written for a release of %d: at most %d", n, eight.Size(), most)
	}
	before := b.disk.Changes()
	if n := b.starts(s, eight); n != 8 {
		t.Fatalf("release %d", n)
	}
	st, err := s.Find("pii", eight.Version)
	if err != nil || st == nil {
		t.Fatal(err)
	}
	if err := s.Use(st); err != nil {
		t.Fatal(err)
	}
	if n := b.disk.Changes() - before; n > 1 { // the lock's folder
		t.Errorf("a start with a good release changes the card %d times", n)
	}
}

// Two short uses under one boot are the release's fault; pulled plugs are not.
func TestReleaseThatCrashesGivesWay(t *testing.T) {
	b := newBoard(t)
	s, seven, eight := b.store("pi3"), releasetest.Small(t, nil, "pii", 7, 1), releasetest.Small(t, nil, "pii", 8, 1)
	b.mustUse(s, seven)
	st, err := take(s, eight)
	if err != nil {
		t.Fatal(err)
	}
	use := func() {
		t.Helper()
		if n := b.starts(s, seven, eight); n != 8 {
			t.Fatalf("release %d", n)
		}
		if err := s.Use(st); err != nil {
			t.Fatal(err)
		}
		b.since += 10 * time.Second
	}
	for range 4 { // each time the plug is pulled
		use()
		b.boot += "I"
	}
	use() // from here on the process ends
	use()
	start, err := s.Start("pii", b.trust)
	if err != nil || len(start.Crashed) != 1 || start.Crashed[0] != eight.Version {
		t.Fatalf("%+v, %v", start, err)
	}
	if n := b.starts(s, seven, eight); n != 7 {
		t.Fatalf("after it crashed twice: release %d", n)
	}
	if n := b.starts(b.store("other"), seven, eight); n != 8 {
		t.Errorf("another worker of the board begins with %d: marks are each worker's own", n)
	}
	marks, err := s.Heed("pii", eight.Version, 5)
	if err != nil || marks.HasCrashed(eight.Version) {
		t.Errorf("%+v, %v", marks, err)
	}
	use() // tried again
	if err := s.End("pii"); err != nil {
		t.Fatal(err)
	}
	use()
	if n := b.starts(s, seven, eight); n != 8 {
		t.Error("an end in good order was taken for a crash")
	}
}

// What no worker of the board needs is removed, and nothing else.
func TestCleanKeepsWhatAnyWorkerNeeds(t *testing.T) {
	b := newBoard(t)
	one, two := b.store("one"), b.store("two")
	var all []*releasetest.Bundle
	for n := uint64(1); n <= 4; n++ {
		all = append(all, releasetest.Small(t, nil, "pii", n, 1))
	}
	b.mustUse(one, all[0])
	b.mustUse(two, all[0])
	b.mustUse(one, all[1])
	b.mustUse(one, all[2])
	found := func() (numbers []uint64) {
		for _, bundle := range all {
			if st, err := one.Find("pii", bundle.Version); err == nil && st != nil {
				numbers = append(numbers, bundle.Number)
			}
		}
		return numbers
	}
	if got := found(); len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("releases %v are there, want 1, which worker two uses, and 3", got)
	}
	b.mustUse(two, all[2])
	if got := found(); len(got) != 1 || got[0] != 3 {
		t.Errorf("releases %v are there, want 3", got)
	}
	in, err := one.Begin(all[3].Release)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(in, all[3], 1); err != nil {
		t.Fatal(err)
	}
	left := in.Left()
	in.Close()
	if err := two.Clean("pii"); err != nil {
		t.Fatal(err)
	}
	in, err = one.Begin(all[3].Release)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if in.Left() != left {
		t.Error("the clean-up took away what is being fetched")
	}
}

// Untrusted and damaged releases are passed over.
func TestStartPassesOverWhatIsNotTrusted(t *testing.T) {
	b := newBoard(t)
	key, line := releasetest.Key(t)
	stranger, _ := releasetest.Key(t)
	s := b.store("pi3")
	seven, eight, nine := releasetest.Small(t, &key, "pii", 7, 1), releasetest.Small(t, &stranger, "pii", 8, 1), releasetest.Small(t, &key, "pii", 9, 1)
	b.trust = releasetest.Trust(t, line)
	for _, bundle := range []*releasetest.Bundle{seven, eight, nine} {
		if _, err := take(s, bundle); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.starts(s, seven, nine); n != 9 {
		t.Errorf("release %d", n)
	}
	if !b.disk.Flip(s.headPath(nine.Release), 300) {
		t.Fatal("nothing to damage")
	}
	if n := b.starts(s, seven, nine); n != 7 {
		t.Errorf("with a damaged head: release %d", n)
	}
	skipped, err := s.Start("pii", b.trust, seven.Version)
	if err != nil || skipped.Stored != nil {
		t.Errorf("%+v, %v", skipped, err)
	}
	b.trust = releasetest.Trust(t, line+" from=8")
	if n := b.starts(s, seven, nine); n != 0 {
		t.Errorf("below from=: release %d", n)
	}
}

var _ disk.FS = (*disktest.FS)(nil)

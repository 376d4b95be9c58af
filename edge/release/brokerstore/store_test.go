package brokerstore

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/release/internal/disk/disktest"
	"trawl/edge/release/internal/releasetest"
	"trawl/edge/wire"
)

var quiet = slog.New(slog.DiscardHandler)

const folder = "/broker/releases"

func openTest(t testing.TB, d disk.FS, limit int64) *Store {
	t.Helper()
	s, err := open(d, folder, limit, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pushAll pushes a release as a client does.
func pushAll(t testing.TB, s *Store, b *releasetest.Bundle, plan wire.Plan) error {
	t.Helper()
	missing, err := s.Begin(b.Release)
	if err != nil {
		return err
	}
	chunks := b.Chunks(t)
	for _, c := range missing {
		if err := s.Put(c.Hash, chunks[c.Hash].Compressed); err != nil {
			return err
		}
	}
	return s.Commit(b.Release, plan)
}

func mustPush(t testing.TB, s *Store, b *releasetest.Bundle, plan wire.Plan) {
	t.Helper()
	if err := pushAll(t, s, b, plan); err != nil {
		t.Fatal(err)
	}
}

// checkWhole reads a release with all its chunks, in parts, and holds the members against what they
// should be.
func checkWhole(t testing.TB, s *Store, b *releasetest.Bundle) {
	t.Helper()
	r, err := s.Release(b.Set, b.Version)
	if err != nil || !bytes.Equal(r.Bytes, b.Bytes) || !bytes.Equal(r.Signature, b.Signature) {
		t.Fatalf("release %v: %v", b.Version, err)
	}
	var inflater release.Inflater
	plain := map[release.Hash][]byte{}
	for _, c := range r.Chunks() {
		var compressed []byte
		for last := false; !last; {
			var part []byte
			if part, last, err = s.Read(c.Hash, int64(len(compressed)), 60_000); err != nil {
				t.Fatalf("release %v: %v", b.Version, err)
			}
			compressed = append(compressed, part...)
		}
		p, err := inflater.Inflate(compressed, c)
		if err != nil {
			t.Fatalf("release %v: %v", b.Version, err)
		}
		plain[c.Hash] = bytes.Clone(p)
	}
	for _, m := range r.Members {
		var data []byte
		for _, h := range m.Chunks {
			data = append(data, plain[h]...)
		}
		if !bytes.Equal(data, b.Data[m.Name]) {
			t.Fatalf("release %v: %s has another content", b.Version, m.Name)
		}
	}
}

// checkBooks holds what the store counts against what is on the disk: no file that nothing needs, no byte that
// is not counted.
func checkBooks(t testing.TB, s *Store, d *disktest.FS) {
	t.Helper()
	sum := int64(0)
	for _, path := range d.Files() {
		f, err := d.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := f.Size()
		sum += n
	}
	if used := s.Used(); used != sum {
		t.Fatalf("%d bytes are counted, %d are on the disk: %v", used, sum, d.Files())
	}
	needed := map[string]bool{}
	for _, name := range s.Sets() {
		needed[s.statePath(name)] = true
		for _, r := range s.Rollouts(name).List {
			needed[s.headPath(name, r.Version)] = true
			head, err := s.Release(name, r.Version)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range head.Chunks() {
				needed[s.chunkPath(c.Hash)] = true
			}
		}
	}
	for _, path := range d.Files() {
		if !needed[path] {
			t.Fatalf("nothing needs %s", path)
		}
	}
}

func numbers(s *Store, set string) (list []uint64) {
	for _, r := range s.Rollouts(set).List {
		list = append(list, r.Version.Number)
	}
	return list
}

func TestReleaseIsThereAfterARestart(t *testing.T) {
	key, _ := releasetest.Key(t)
	d := disktest.New()
	s := openTest(t, d, 64<<20)
	eight, nine, names := releasetest.Large(t, &key, "pii", 8, 4), releasetest.Large(t, nil, "pii", 9, 4), releasetest.Small(t, &key, "names", 1, 1)
	plan := wire.Plan{Canaries: []string{"pi3"}, ForS: 60}
	mustPush(t, s, eight, wire.Plan{})
	mustPush(t, s, nine, plan)
	mustPush(t, s, names, wire.Plan{})
	for range 2 {
		for _, b := range []*releasetest.Bundle{eight, nine, names} {
			checkWhole(t, s, b)
		}
		checkBooks(t, s, d)
		if list := s.Rollouts("pii").List; len(list) != 2 || list[0].Step != release.StepAll || list[1].Step != release.StepCanary || list[1].Plan.ForS != 60 {
			t.Errorf("%+v", list)
		}
		status := s.Status("pii")
		if len(status.Releases) != 2 || status.Releases[0].Number != 9 || len(status.History) != 2 || status.History[0].Number != 9 || status.Releases[0].Damaged {
			t.Errorf("%+v", status)
		}
		s = openTest(t, d, 64<<20)
	}
	// Chunks that releases share are there once, and are not asked for again.
	ten := releasetest.Large(t, nil, "pii", 10, 4)
	missing, err := s.Begin(ten.Release)
	if err != nil || len(missing) != 2 {
		t.Errorf("%d chunks are missing, %v", len(missing), err)
	}
	// Nothing is written when nothing changes.
	before := d.Written()
	mustPush(t, s, nine, plan)
	openTest(t, d, 64<<20)
	if d.Written() != before {
		t.Error("what is there was written again")
	}
}

func TestPushesThatAreWrong(t *testing.T) {
	d := disktest.New()
	s := openTest(t, d, 64<<20)
	eight := releasetest.Small(t, nil, "pii", 8, 1)
	if err := s.Commit(eight.Release, wire.Plan{}); err == nil || !strings.Contains(err.Error(), "begin the push again") {
		t.Errorf("without its chunks: %v", err)
	}
	if err := s.Put(release.Hash{1}, []byte("x")); err == nil || !strings.Contains(err.Error(), "begin the push again") {
		t.Errorf("a chunk of nothing: %v", err)
	}
	missing, err := s.Begin(eight.Release)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(missing[0].Hash, []byte("something else")); !errors.Is(err, release.ErrChunk) {
		t.Errorf("another content: %v", err)
	}
	if _, _, err := s.Read(missing[0].Hash, 0, 100); !errors.Is(err, ErrUnknown) {
		t.Errorf("a chunk that is not here: %v", err)
	}
	mustPush(t, s, eight, wire.Plan{})
	if err := pushAll(t, s, releasetest.Small(t, nil, "pii", 7, 1), wire.Plan{}); !errors.Is(err, release.ErrNotHigher) {
		t.Errorf("a lower one: %v", err)
	}
	if err := pushAll(t, s, eight, wire.Plan{ForS: -1}); err == nil {
		t.Error("a plan that is none")
	}
	if err := s.Update("names", func(*release.Rollouts) (bool, error) { return true, nil }); !errors.Is(err, ErrUnknown) {
		t.Errorf("a set that is not here: %v", err)
	}
	errNo := errors.New("no")
	if err := s.Update("pii", func(r *release.Rollouts) (bool, error) { r.List = nil; return true, errNo }); !errors.Is(err, errNo) || len(s.Rollouts("pii").List) != 1 {
		t.Errorf("a change that fails: %v", err)
	}
	other := releasetest.Small(t, nil, "pii", 8, 2)
	if eight.Version.Higher(other.Version) {
		if err := pushAll(t, s, other, wire.Plan{}); !errors.Is(err, release.ErrNotHigher) {
			t.Errorf("another 8: %v", err)
		}
	} else {
		mustPush(t, s, other, wire.Plan{})
	}
	if r := openTest(t, d, 64<<20).Rollouts("pii"); !r.Newest().Conflict {
		t.Errorf("the conflict is not on the disk: %+v", r)
	}
	for _, offset := range []int64{-1, 1 << 40} {
		if _, _, err := s.Read(missing[0].Hash, offset, 100); err == nil {
			t.Errorf("%d: read", offset)
		}
	}
	checkBooks(t, s, d)
}

func TestRoomIsMadeOrRefused(t *testing.T) {
	d := disktest.New()
	const limit = 12 << 20
	s := openTest(t, d, limit)
	five := func(number uint64) *releasetest.Bundle { return releasetest.Large(t, nil, "pii", number, 5) } // 3 of 5 chunks are in all of them
	done := func() {
		t.Helper()
		if err := s.Update("pii", func(r *release.Rollouts) (bool, error) { r.Newest().Done = true; return true, nil }); err != nil {
			t.Fatal(err)
		}
	}
	mustPush(t, s, five(1), wire.Plan{})
	done()
	for number := uint64(2); number <= 8; number++ {
		b := five(number)
		mustPush(t, s, b, wire.Plan{})
		done()
		checkBooks(t, s, d)
		checkWhole(t, s, b)
		if s.Used() > limit {
			t.Fatalf("%d bytes", s.Used())
		}
	}
	if list := numbers(s, "pii"); len(list) < 2 || len(list) > 5 || list[len(list)-1] != 8 {
		t.Errorf("kept: %v", list)
	}
	// What is for all and has not reached all is not dropped for another set: busy, and nothing changes.
	before := numbers(s, "pii")
	large := releasetest.Large(t, nil, "names", 1, 11)
	if _, err := s.Begin(large.Release); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "raise rules.store") {
		t.Errorf("a set that does not fit: %v", err)
	}
	if !slices.Equal(numbers(s, "pii"), before) {
		t.Errorf("%v, before %v", numbers(s, "pii"), before)
	}
	// Twice as much as there is room for is never begun.
	if _, err := s.Begin(releasetest.Large(t, nil, "huge", 1, 30).Release); !errors.Is(err, ErrBusy) {
		t.Errorf("a huge one: %v", err)
	}
	// One that is paused is given up if there is no room otherwise.
	mustPush(t, s, five(9), wire.Plan{Canaries: []string{"a"}})
	if err := s.Update("pii", func(r *release.Rollouts) (bool, error) { return true, r.Pause(9) }); err != nil {
		t.Fatal(err)
	}
	mustPush(t, s, releasetest.Large(t, nil, "names", 1, 9), wire.Plan{})
	if list := numbers(s, "pii"); !slices.Equal(list, []uint64{8}) {
		t.Errorf("kept: %v", list)
	}
	checkBooks(t, s, d)
}

func TestPushesAtOnce(t *testing.T) {
	d := disktest.New()
	s := openTest(t, d, 12<<20)
	now := time.Now()
	s.now = func() time.Time { return now }
	a, b := releasetest.Large(t, nil, "a", 1, 6), releasetest.Large(t, nil, "b", 2, 8)
	missing, err := s.Begin(a.Release)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(missing[0].Hash, a.Chunks(t)[missing[0].Hash].Compressed); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(b.Release); !errors.Is(err, ErrBusy) {
		t.Errorf("while the room is reserved for another: %v", err)
	}
	now = now.Add(2 * time.Minute)
	mustPush(t, s, b, wire.Plan{})
	checkBooks(t, s, d) // what was there of the push that nobody went on with is gone
	if err := s.Put(missing[1].Hash, a.Chunks(t)[missing[1].Hash].Compressed); err == nil {
		t.Error("a push goes on that was ended")
	}
	// Of many pushes that are only begun the oldest is ended.
	for i := range 10 {
		if _, err := s.Begin(releasetest.Small(t, nil, "s", uint64(i+1), 1).Release); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.pushes) > maxPushes {
		t.Errorf("%d pushes", len(s.pushes))
	}
}

func TestManySetsAreRefused(t *testing.T) {
	d := disktest.New()
	s := openTest(t, d, 1<<30)
	for i := range wire.MaxRuleSets {
		s.sets[string(rune('a'+i%26))+strings.Repeat("x", i/26)] = &set{kept: map[release.Version]*kept{}}
	}
	if _, err := s.Begin(releasetest.Small(t, nil, "one-more", 1, 1).Release); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	d := disktest.New()
	s := openTest(t, d, 64<<20)
	for n := uint64(1); n <= release.MaxHistory+5; n++ {
		mustPush(t, s, releasetest.Small(t, nil, "pii", n, 1), wire.Plan{})
		checkBooks(t, s, d)
	}
	h := s.Status("pii").History
	if len(h) != release.MaxHistory || h[0].Number != release.MaxHistory+5 || h[0].By != "ann" || h[0].Made != "2026-11-30" {
		t.Errorf("%d entries, the first %+v", len(h), h[0])
	}
	if list := numbers(s, "pii"); len(list) > release.MaxAbove {
		t.Errorf("kept: %v", list)
	}
}

// A bit that flips on the card: what is damaged is not given out, and a push mends it.
func TestDamageIsFoundAndMended(t *testing.T) {
	key, _ := releasetest.Key(t)
	b := releasetest.Large(t, &key, "pii", 8, 3)
	healthy := func() *disktest.FS {
		d := disktest.New()
		mustPush(t, openTest(t, d, 64<<20), b, wire.Plan{})
		return d
	}
	for _, path := range healthy().Files() {
		d := healthy()
		d.Flip(path, 8*50+3)
		s := openTest(t, d, 64<<20)
		var inflater release.Inflater
		for _, c := range b.Release.Chunks() {
			part, last, err := s.Read(c.Hash, 0, release.MaxCompressed)
			if err != nil {
				continue
			}
			if _, err := inflater.Inflate(part, c); err != nil || !last {
				t.Errorf("%s is damaged, and given out: %v", path, err)
			}
		}
		mustPush(t, s, b, wire.Plan{})
		checkWhole(t, s, b)
		s = openTest(t, d, 64<<20)
		checkWhole(t, s, b)
		checkBooks(t, s, d)
	}
}

func TestStatusSaysWhatIsDamaged(t *testing.T) {
	d := disktest.New()
	b := releasetest.Small(t, nil, "pii", 8, 1)
	s := openTest(t, d, 64<<20)
	mustPush(t, s, b, wire.Plan{})
	h := b.Members[0].Chunks[0]
	d.Flip(s.chunkPath(h), 9)
	s = openTest(t, d, 64<<20)
	if _, _, err := s.Read(h, 0, 10); !errors.Is(err, ErrUnknown) {
		t.Errorf("read: %v", err)
	}
	if st := s.Status("pii"); !st.Releases[0].Damaged {
		t.Errorf("%+v", st)
	}
}

// story is a sequence of pushes and changes; each of its steps ends in a state that a test can tell.
type story struct {
	bundles map[release.Version]*releasetest.Bundle
	steps   []func(*Store) error
}

func newStory(t testing.TB, random *rand.Rand) *story {
	st := &story{bundles: map[release.Version]*releasetest.Bundle{}}
	number := uint64(1)
	for range 5 + random.IntN(5) {
		set := []string{"pii", "names"}[random.IntN(2)]
		switch random.IntN(4) {
		case 0:
			st.steps = append(st.steps, update(set, func(r *release.Rollouts) { r.Newest().Done = true }))
		case 1:
			st.steps = append(st.steps, update(set, func(r *release.Rollouts) { r.Newest().Paused = true }))
		default:
			b := medium(t, set, number, random)
			plan := wire.Plan{}
			if random.IntN(2) == 0 {
				plan.Canaries = []string{"pi3"}
			}
			number++
			st.bundles[b.Version] = b
			st.steps = append(st.steps, func(s *Store) error { return pushOf(s, b, plan) })
		}
	}
	return st
}

func update(set string, change func(*release.Rollouts)) func(*Store) error {
	return func(s *Store) error {
		err := s.Update(set, func(r *release.Rollouts) (bool, error) {
			if len(r.List) == 0 {
				return false, nil
			}
			change(r)
			return true, nil
		})
		if errors.Is(err, ErrUnknown) {
			return nil
		}
		return err
	}
}

// medium is a release of a few thousand bytes that shares a member with others.
func medium(t testing.TB, set string, number uint64, random *rand.Rand) *releasetest.Bundle {
	shared := []byte(strings.Repeat("names\n", 1+random.IntN(3)))
	return releasetest.Make(t, nil, set, number,
		releasetest.Member{Name: set + ".pack", Data: releasetest.Noise(random, 500+random.IntN(3000))}, releasetest.Member{Name: "names.txt", Data: shared})
}

var chunksOf = map[release.Version]map[release.Hash]release.Chunk{}

// pushOf is pushAll with chunks that are compressed once for all tests.
func pushOf(s *Store, b *releasetest.Bundle, plan wire.Plan) error {
	missing, err := s.Begin(b.Release)
	if err != nil {
		return err
	}
	for _, c := range missing {
		if err := s.Put(c.Hash, chunksOf[b.Version][c.Hash].Compressed); err != nil {
			return err
		}
	}
	return s.Commit(b.Release, plan)
}

// stateText is which releases there are, and how far they have come.
func (s *Store) stateText() string {
	var b strings.Builder
	for _, name := range s.Sets() {
		b.WriteString(name)
		for _, r := range s.Rollouts(name).List {
			b.WriteString(" " + r.Version.String() + string(r.Step))
			if r.Paused {
				b.WriteString(" paused")
			}
			if r.Done {
				b.WriteString(" done")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// seeds is how many stories are told; TRAWL_STORE_SEEDS says another number.
func seeds() int {
	if n, err := strconv.Atoi(os.Getenv("TRAWL_STORE_SEEDS")); err == nil {
		return n
	}
	if testing.Short() {
		return 2
	}
	return 6
}

// The power is cut at each step of each story. Afterwards the store has all that was there before
// the step that was cut, or all that is there after it, whole, and nothing else; and goes on.
func TestPowerCuts(t *testing.T) {
	for seed := range seeds() {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		st := newStory(t, random)
		for v, b := range st.bundles {
			chunksOf[v] = b.Chunks(t)
		}
		// What the store has after each step, and by how many changes.
		d := disktest.New()
		s := openTest(t, d, MinLimit)
		states, changes := []string{s.stateText()}, []int{d.Changes()}
		for _, step := range st.steps {
			if err := step(s); err != nil {
				t.Fatal(err)
			}
			states, changes = append(states, s.stateText()), append(changes, d.Changes())
		}
		last := changes[len(changes)-1]
		for cut := 1; cut <= last; cut++ {
			d := disktest.New()
			d.FailAt(cut, disktest.ErrPowerCut)
			s, err := open(d, folder, MinLimit, quiet)
			at := 0
			for err == nil && at < len(st.steps) {
				if err = st.steps[at](s); err == nil {
					at++
				}
			}
			after := d.Crash(random)
			s = openTest(t, after, MinLimit)
			got := s.stateText()
			want := []string{states[at]}
			if at < len(st.steps) {
				want = append(want, states[at+1])
			}
			if !slices.Contains(want, got) {
				t.Fatalf("seed %d, cut at %d of %d, in step %d: the store has\n%swant\n%sor\n%s", seed, cut, last, at, got, want[0], want[len(want)-1])
			}
			for _, name := range s.Sets() {
				for _, r := range s.Rollouts(name).List {
					checkWhole(t, s, st.bundles[r.Version])
				}
			}
			checkBooks(t, s, after)
			for ; at < len(st.steps); at++ {
				if err := st.steps[at](s); err != nil && !errors.Is(err, release.ErrNotHigher) {
					t.Fatalf("seed %d, cut at %d, goes on with step %d: %v", seed, cut, at, err)
				}
			}
			if got := s.stateText(); got != states[len(states)-1] {
				t.Fatalf("seed %d, cut at %d: ends with\n%swant\n%s", seed, cut, got, states[len(states)-1])
			}
			checkBooks(t, s, after)
		}
	}
}

// A write that fails, as on a full or broken card, costs the step and nothing else.
func TestFailedWrites(t *testing.T) {
	for seed := range seeds() {
		random := rand.New(rand.NewPCG(uint64(seed), 4))
		st := newStory(t, random)
		for v, b := range st.bundles {
			chunksOf[v] = b.Chunks(t)
		}
		d := disktest.New()
		s := openTest(t, d, MinLimit)
		opened := d.Changes()
		for _, step := range st.steps {
			if err := step(s); err != nil {
				t.Fatal(err)
			}
		}
		want, last := s.stateText(), d.Changes()
		for at := opened + 1; at <= last; at++ {
			d := disktest.New()
			s := openTest(t, d, MinLimit)
			failure := disktest.ErrFull
			if random.IntN(2) == 0 {
				failure = disktest.ErrBroken
			}
			d.FailAt(at-opened, failure)
			for i, step := range st.steps {
				before := s.stateText()
				err := step(s)
				if err == nil {
					continue
				}
				if got := s.stateText(); got != before {
					t.Fatalf("seed %d, failed at %d, step %d (%v): the store has\n%sbefore\n%s", seed, at, i, err, got, before)
				}
				if err := step(s); err != nil { // again
					t.Fatalf("seed %d, failed at %d, step %d again: %v", seed, at, i, err)
				}
			}
			if got := s.stateText(); got != want {
				t.Fatalf("seed %d, failed at %d: ends with\n%swant\n%s", seed, at, got, want)
			}
			s = openTest(t, d, MinLimit)
			if got := s.stateText(); got != want {
				t.Fatalf("seed %d, failed at %d: a restart finds\n%swant\n%s", seed, at, got, want)
			}
			for _, name := range s.Sets() {
				for _, r := range s.Rollouts(name).List {
					checkWhole(t, s, st.bundles[r.Version])
				}
			}
			checkBooks(t, s, d)
		}
	}
}

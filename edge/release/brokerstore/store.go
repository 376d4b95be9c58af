package brokerstore

// The store: what is in memory of the folder, and reading.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/wire"
)

// ErrBusy is behind the error for a release that there is no room for.
var ErrBusy = errors.New("busy")

// ErrUnknown is behind the error for a release, a rule set or a chunk that is not in the store.
var ErrUnknown = errors.New("not in the store")

// Store holds the releases of a broker. Safe for concurrent use.
type Store struct {
	fs     disk.FS
	folder string
	limit  int64 // bytes of all files
	log    *slog.Logger
	now    func() time.Time

	// changing is held while files are written or removed, and before mu.
	changing sync.Mutex
	pushes   []*push // the least recently used first; guarded by changing
	unsynced bool    // chunks were written since their folder was synced; guarded by changing

	checking sync.Mutex // held while a chunk is read as a whole; before mu

	mu     sync.Mutex
	chunks map[release.Hash]*chunk
	sets   map[string]*set
	used   int64 // bytes of all files
}

// chunk is a file in the folder chunks.
type chunk struct {
	bytes   int64
	checked bool // has been read since the start, and holds what its name says
}

// set is a rule set with releases.
type set struct {
	rollouts release.Rollouts
	history  []wire.PastRelease // the newest first
	kept     map[release.Version]*kept
	state    int64 // bytes of state.json
}

// kept is a release whose head is in the folder of its set.
type kept struct {
	head   int64 // bytes
	bytes  int64 // of all members
	chunks []release.ChunkRef
}

func (s *Store) chunkPath(h release.Hash) string {
	return filepath.Join(s.folder, "chunks", h.String())
}
func (s *Store) setFolder(name string) string { return filepath.Join(s.folder, "sets", name) }
func (s *Store) statePath(name string) string { return filepath.Join(s.setFolder(name), "state.json") }

func (s *Store) headPath(name string, v release.Version) string {
	return filepath.Join(s.setFolder(name), v.String())
}

// Sets lists the rule sets that have releases, sorted.
func (s *Store) Sets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.sets))
}

// Rollouts returns a copy of the rollouts of a rule set, which may have none.
func (s *Store) Rollouts(name string) release.Rollouts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if set := s.sets[name]; set != nil {
		return set.rollouts.Clone()
	}
	return release.Rollouts{}
}

// Release reads a release, without its chunks, from the disk.
func (s *Store) Release(name string, v release.Version) (*release.Release, error) {
	s.mu.Lock()
	set := s.sets[name]
	known := set != nil && set.kept[v] != nil
	s.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("release %d of %s is %w", v.Number, name, ErrUnknown)
	}
	return s.readHead(name, v)
}

func (s *Store) readHead(name string, v release.Version) (*release.Release, error) {
	data, err := disk.ReadFile(s.fs, s.headPath(name, v), release.MaxHead)
	if err != nil {
		return nil, err
	}
	r, err := release.ParseHead(data)
	if err == nil && (r.Version != v || r.Set != name) {
		err = fmt.Errorf("the file holds release %d of %s", r.Number, r.Set)
	}
	if err != nil {
		return nil, fmt.Errorf("release %d of %s cannot be read: %w", v.Number, name, err)
	}
	return r, nil
}

// Read returns at most n bytes of a compressed chunk, and whether they are its last. The
// first read of a chunk since the start reads all of the chunk: a damaged one is removed, and the
// release is to be pushed again. ErrUnknown is behind the error for a chunk that is not here.
func (s *Store) Read(h release.Hash, offset int64, n int) (part []byte, last bool, err error) {
	size, err := s.check(h)
	if err != nil {
		return nil, false, err
	}
	if offset < 0 || offset >= size || n < 1 {
		return nil, false, fmt.Errorf("the chunk has %d bytes, and bytes from %d on were asked for", size, offset)
	}
	f, err := s.fs.Open(s.chunkPath(h))
	if err != nil {
		return nil, false, unknownChunk(err)
	}
	defer f.Close()
	part = make([]byte, min(int64(n), size-offset))
	if _, err := f.ReadAt(part, offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	return part, offset+int64(len(part)) == size, nil
}

func unknownChunk(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the chunk is %w", ErrUnknown)
	}
	return err
}

// check sees to it that a chunk was read as a whole once, and returns its compressed size.
func (s *Store) check(h release.Hash) (int64, error) {
	if size, checked, ok := s.chunk(h); checked || !ok {
		if !ok {
			return 0, fmt.Errorf("the chunk is %w", ErrUnknown)
		}
		return size, nil
	}
	s.checking.Lock()
	defer s.checking.Unlock()
	size, checked, ok := s.chunk(h)
	if !ok {
		return 0, fmt.Errorf("the chunk is %w", ErrUnknown)
	}
	if checked {
		return size, nil
	}
	data, err := disk.ReadFile(s.fs, s.chunkPath(h), release.MaxCompressed)
	if err == nil {
		var inflater release.Inflater
		_, err = inflater.Inflate(data, release.ChunkRef{Hash: h, Size: s.plainSize(h)})
	}
	if err != nil {
		s.forget(h, err)
		return 0, fmt.Errorf("the chunk is damaged, and so %w", ErrUnknown)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.chunks[h]; c != nil {
		c.checked = true
	}
	return int64(len(data)), nil
}

func (s *Store) chunk(h release.Hash) (size int64, checked, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.chunks[h]; c != nil {
		return c.bytes, c.checked, true
	}
	return 0, false, false
}

// plainSize is the size of a chunk as the documents have it; 0: none does.
func (s *Store) plainSize(h release.Hash) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range s.sets {
		for _, k := range set.kept {
			for _, c := range k.chunks {
				if c.Hash == h {
					return c.Size
				}
			}
		}
	}
	return 0
}

// forget removes a damaged chunk, so that a push brings it again.
func (s *Store) forget(h release.Hash, why error) {
	s.log.Error("a chunk of a release is damaged and was removed: push the release again", "chunk", h.String(), "error", why)
	s.changing.Lock()
	defer s.changing.Unlock()
	s.removeChunk(h)
}

// removeChunk removes a chunk, with changing held.
func (s *Store) removeChunk(h release.Hash) {
	s.mu.Lock()
	c := s.chunks[h]
	if c != nil {
		delete(s.chunks, h)
		s.used -= c.bytes
	}
	s.mu.Unlock()
	if c != nil {
		s.remove(s.chunkPath(h))
	}
}

// remove removes a file that is not needed any more. What stays is removed at the next start.
func (s *Store) remove(path string) {
	if err := s.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a file of a release that is not needed any more cannot be removed", "file", path, "error", err)
	}
}

// Used is how many bytes all files have.
func (s *Store) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Status describes the releases of a rule set, the newest first, as far as the store knows.
func (s *Store) Status(name string) wire.SetReleases {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := wire.SetReleases{Set: name, Releases: []wire.ReleaseStatus{}, Workers: []wire.ReleaseWorker{}, History: []wire.PastRelease{}}
	set := s.sets[name]
	if set == nil {
		return status
	}
	status.History = append(status.History, set.history...)
	for _, r := range slices.Backward(set.rollouts.List) {
		status.Releases = append(status.Releases, wire.ReleaseStatus{
			Number: r.Version.Number, Hash: r.Version.Hash.String(), Bytes: set.kept[r.Version].bytes,
			Plan: r.Plan, Step: string(r.Step), Paused: r.Paused, Done: r.Done, Conflict: r.Conflict,
			Damaged: s.damagedLocked(set.kept[r.Version]),
		})
	}
	return status
}

func (s *Store) damagedLocked(k *kept) bool {
	return slices.ContainsFunc(k.chunks, func(c release.ChunkRef) bool { return s.chunks[c.Hash] == nil })
}

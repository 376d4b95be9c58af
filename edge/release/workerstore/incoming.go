package workerstore

// Incoming: a release that is being fetched.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
)

// Incoming takes the chunks of a release, one after the other. Not safe for concurrent use.
type Incoming struct {
	store   *Store
	release *release.Release
	unlock  func()
	compile bool // the sources are to be compiled

	members  []int // that are not whole yet; the first is being written
	file     disk.File
	chunk    int    // the next of the first member
	compiled string // path of the pack that Compile has made
	ended    error  // why nothing can be added any more; nil: it can
}

// Begin makes ready for a release. Chunks that were fetched before, in whatever process, are
// held against their hashes and not asked for again. What was fetched of releases that are not
// whole is removed. The error wraps ErrLocked while another worker of the board fetches for the rule set: once that is done, Find has
// the release. The caller calls Close.
func (s *Store) Begin(r *release.Release) (*Incoming, error) {
	folder := s.setFolder(r.Set)
	if err := s.fs.MakeFolder(folder); err != nil {
		return nil, err
	}
	unlock, ok, err := s.fs.TryLock(filepath.Join(folder, "fetching"))
	if err == nil && !ok {
		err = ErrLocked
	}
	if err != nil {
		return nil, err
	}
	in := &Incoming{store: s, release: r, unlock: unlock}
	in.members, in.compile = r.Wanted(s.format)
	err = s.withLock(r.Set, func() error { return s.removeUnfinished(r) })
	if err == nil {
		err = in.next()
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// removeUnfinished removes what is there of releases that are not whole, r aside.
func (s *Store) removeUnfinished(r *release.Release) error {
	entries, err := s.fs.List(s.setFolder(r.Set))
	if err != nil {
		return err
	}
	whole := map[string]bool{r.Version.String(): true}
	for _, e := range entries {
		if _, prefix := numberOf(e.Name); e.Name == prefix {
			whole[prefix] = true
		}
	}
	return s.removeFiles(r.Set, func(name string) bool {
		_, prefix := numberOf(name)
		half := strings.HasSuffix(name, disk.TempSuffix) && prefix != r.Version.String()
		return prefix != "" && (half || !whole[prefix])
	})
}

// Find returns a release that is whole; nil: there is no such release.
func (s *Store) Find(set string, v release.Version) (found *Stored, err error) {
	err = s.withLock(set, func() error {
		list, err := s.stored(set)
		for _, st := range list {
			if st.Release.Version == v {
				found = st
			}
		}
		return err
	})
	return found, err
}

func (in *Incoming) path() string { return in.store.memberPath(in.release, in.members[0]) }

// next opens the next member that is not whole, at the end of what is there of it.
func (in *Incoming) next() error {
	for in.file == nil && len(in.members) > 0 {
		in.chunk = 0
		m := &in.release.Members[in.members[0]]
		whole, err := in.isWhole(m)
		if err != nil {
			return err
		}
		if whole {
			in.members = in.members[1:]
			continue
		}
		if in.file, err = in.store.fs.Extend(in.path() + disk.TempSuffix); err != nil {
			return err
		}
		if err := in.resume(m); err != nil {
			return err
		}
	}
	return nil
}

// isWhole reports whether a member is there, as the document says it is.
func (in *Incoming) isWhole(m *release.Member) (bool, error) {
	f, err := in.store.fs.Open(in.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil || size != m.Size {
		return false, err
	}
	good, err := goodChunks(f, m)
	return good == len(m.Chunks), err
}

// goodChunks is how many chunks at the beginning of a file are those of the member.
func goodChunks(f disk.File, m *release.Member) (int, error) {
	buf := make([]byte, release.ChunkSize)
	for i, hash := range m.Chunks {
		plain := buf[:m.ChunkSize(i)]
		n, err := f.ReadAt(plain, int64(i)*release.ChunkSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if n < len(plain) || release.HashOf(plain) != hash {
			return i, nil
		}
	}
	return len(m.Chunks), nil
}

// resume cuts what is there of a member to its good chunks.
func (in *Incoming) resume(m *release.Member) error {
	good, err := goodChunks(in.file, m)
	if err != nil {
		return err
	}
	if err := in.file.Truncate(min(int64(good)*release.ChunkSize, m.Size)); err != nil {
		return err
	}
	in.chunk = good
	if good == len(m.Chunks) {
		return in.finishMember()
	}
	return nil
}

// Next returns the chunk that is wanted next; ok is false when all are there.
func (in *Incoming) Next() (ref release.ChunkRef, ok bool) {
	if len(in.members) == 0 {
		return ref, false
	}
	m := &in.release.Members[in.members[0]]
	return release.ChunkRef{Hash: m.Chunks[in.chunk], Size: m.ChunkSize(in.chunk)}, true
}

// Left is how many plain bytes are not there yet.
func (in *Incoming) Left() (sum int64) {
	for _, i := range in.members {
		sum += in.release.Members[i].Size
	}
	return sum - int64(in.chunk)*release.ChunkSize
}

// Append writes the plain bytes of the chunk that Next has returned. After an error of the disk only
// Close is left; a later Begin goes on with what is there. If the card is full, see IsFull, all
// that was fetched of the release is removed.
func (in *Incoming) Append(plain []byte) error {
	ref, ok := in.Next()
	if !ok || len(plain) != ref.Size || release.HashOf(plain) != ref.Hash {
		return fmt.Errorf("%w: not the one that was asked for", release.ErrChunk)
	}
	if in.ended != nil {
		return in.ended
	}
	n, err := in.file.Write(plain)
	if err == nil && n < len(plain) {
		err = io.ErrShortWrite
	}
	if err == nil {
		in.chunk++
		if in.chunk == len(in.release.Members[in.members[0]].Chunks) {
			err = in.finishMember()
		}
	}
	if err == nil {
		err = in.next()
	}
	if IsFull(err) {
		err = errors.Join(err, in.Discard())
	}
	in.ended = err
	return err
}

// finishMember gives the member that is being written its name.
func (in *Incoming) finishMember() error {
	if err := in.file.Sync(); err != nil {
		return err
	}
	err := in.file.Close()
	in.file = nil
	if err == nil {
		err = in.store.fs.Rename(in.path()+disk.TempSuffix, in.path())
	}
	if err != nil {
		return err
	}
	in.members, in.chunk = in.members[1:], 0
	return nil
}

// IsFull reports whether an error says that the card is full.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Compiles reports whether the sources are to be compiled, with Compile, before Commit.
func (in *Incoming) Compiles() bool { return in.compile }

// Sources are the paths of the sources, once they are there, in the order of the document; empty if
// they were not fetched.
func (in *Incoming) Sources() (paths []string) {
	fetched, _ := in.release.Wanted(in.store.format)
	for _, i := range fetched {
		if i > 0 {
			paths = append(paths, in.store.memberPath(in.release, i))
		}
	}
	return paths
}

// Pack is the path of the pack, once it is there.
func (in *Incoming) Pack() string {
	if in.compile {
		return in.compiled
	}
	return in.store.memberPath(in.release, 0)
}

// Compile makes the pack out of the sources. compile writes the pack to a path.
func (in *Incoming) Compile(compile func(path string) error) (err error) {
	in.compiled, err = in.store.compile(in.release, compile)
	return err
}

// Commit makes the release one that is there, also after a power cut. Sources that are too large to be
// kept are removed.
func (in *Incoming) Commit() (*Stored, error) {
	if len(in.members) > 0 || in.compile && in.compiled == "" {
		return nil, fmt.Errorf("release %d of %s is not whole yet", in.release.Number, in.release.Set)
	}
	s, r := in.store, in.release
	st := &Stored{Release: r, Pack: in.Pack(), Sources: in.Sources()}
	err := s.withLock(r.Set, func() error {
		if err := s.fs.SyncFolder(s.setFolder(r.Set)); err != nil { // the members' names come before the head
			return err
		}
		return disk.WriteFile(s.fs, s.headPath(r), r.AppendHead(nil))
	})
	if err != nil {
		return nil, err
	}
	if r.SourceSize() > release.KeepSources {
		for _, path := range st.Sources {
			_ = s.fs.Remove(path) // or the clean-up does, with the release
		}
		st.Sources = nil
	}
	return st, nil
}

// Discard removes all that was fetched of the release, unless the release is whole: the card is full, or
// the examples fail. Only Close is left afterwards.
func (in *Incoming) Discard() error {
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
	in.ended = errors.New("what was fetched of the release was removed")
	return in.store.Remove(in.release)
}

// Remove removes the files of a release that has no head: nobody uses it.
func (s *Store) Remove(r *release.Release) error {
	return s.withLock(r.Set, func() error {
		f, err := s.fs.Open(s.headPath(r))
		if err == nil {
			return f.Close()
		}
		return s.removeFiles(r.Set, func(name string) bool {
			_, prefix := numberOf(name)
			return prefix == r.Version.String()
		})
	})
}

// Close ends the fetch, finished or not. What is there stays for the next Begin.
func (in *Incoming) Close() {
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
	if in.unlock != nil {
		in.unlock()
		in.unlock = nil
	}
}

package workerstore

// The store: which releases there are, and which of them a worker begins with.

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"trawl/edge/board"
	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/wire"
)

// Store holds the releases of a board for one worker. Safe for concurrent use, and beside the
// stores of other workers of the board, in other processes, too.
type Store struct {
	fs     disk.FS
	folder string
	worker string
	format int // of packs
	log    *slog.Logger
	clock  func() (boot string, since time.Duration)
	wait   time.Duration // most time to wait for the lock
}

// ErrLocked is behind the error for what another worker of the board is doing: try again later.
var ErrLocked = errors.New("another worker of the board is at it")

// Open returns the store in a folder, which is made with the first release. worker is the
// name that the worker's marks are kept under; format is that of the packs which the program opens.
func Open(folder, worker string, format int, log *slog.Logger) *Store {
	const patience = 10 * time.Second
	return &Store{
		fs: disk.OS{}, folder: folder, worker: worker, format: format, log: log,
		clock: board.Boot, wait: patience,
	}
}

func (s *Store) setFolder(set string) string { return filepath.Join(s.folder, set) }

// Stored is a release that is whole in the folder.
type Stored struct {
	Release *release.Release
	Pack    string   // path; empty: the sources are to be compiled first, see Store.Compile
	Sources []string // paths in the order of the document; empty: they are not kept
}

// paths of a release's files.
func (s *Store) headPath(r *release.Release) string {
	return filepath.Join(s.setFolder(r.Set), r.Version.String())
}

func (s *Store) memberPath(r *release.Release, member int) string {
	return s.headPath(r) + "." + r.Members[member].Name
}

func (s *Store) compiledPath(r *release.Release) string {
	return s.headPath(r) + "=" + strconv.Itoa(s.format)
}

// numberOf is the number of the release that a file belongs to, and the beginning of the
// file's name that all files of the release have; 0: the file is no release's.
func numberOf(name string) (number uint64, prefix string) {
	digits, rest, ok := strings.Cut(name, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	const hashDigits = 16
	if !ok || err != nil || number == 0 || len(rest) < hashDigits {
		return 0, ""
	}
	return number, digits + "-" + rest[:hashDigits]
}

// withLock calls f with the lock of a rule set's folder, which is made if need be.
func (s *Store) withLock(set string, f func() error) error {
	if err := release.CheckSet(set); err != nil {
		return err
	}
	if err := s.fs.MakeFolder(s.setFolder(set)); err != nil {
		return err
	}
	unlock, err := s.lock(filepath.Join(s.setFolder(set), "lock"))
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}

// lock waits for a lock that others hold for a few file operations.
func (s *Store) lock(path string) (unlock func(), err error) {
	const pause = 5 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		unlock, ok, err := s.fs.TryLock(path)
		if ok || err != nil {
			return unlock, err
		}
		if waited >= s.wait {
			return nil, fmt.Errorf("%w: %s is locked; end the process that holds the file (fuser shows which)", ErrLocked, path)
		}
		time.Sleep(pause)
	}
}

// stored lists the releases of a rule set that are whole, rising.
func (s *Store) stored(set string) ([]*Stored, error) {
	entries, err := s.fs.List(s.setFolder(set))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(entries))
	for _, e := range entries {
		if !e.Folder {
			sizes[filepath.Join(s.setFolder(set), e.Name)] = e.Size
		}
	}
	var list []*Stored
	for _, e := range entries {
		if _, prefix := numberOf(e.Name); prefix == "" || prefix != e.Name || e.Folder {
			continue
		}
		if st := s.open(set, e.Name, sizes); st != nil {
			list = append(list, st)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[j].Release.Version.Higher(list[i].Release.Version) })
	return list, nil
}

// open reads the head of a release and looks for its files; nil: the release is not whole.
func (s *Store) open(set, name string, sizes map[string]int64) *Stored {
	data, err := disk.ReadFile(s.fs, filepath.Join(s.setFolder(set), name), release.MaxHead)
	if err != nil {
		s.log.Warn("a release cannot be read and is left out", "set", set, "file", name, "error", err)
		return nil
	}
	r, err := release.ParseHead(data)
	if err != nil || r.Set != set || r.Version.String() != name {
		s.log.Warn("a release is damaged and left out", "set", set, "file", name, "error", err)
		return nil
	}
	st := &Stored{Release: r}
	whole := func(member int) bool { return sizes[s.memberPath(r, member)] == r.Members[member].Size }
	for i := 1; i < len(r.Members) && whole(i); i++ {
		st.Sources = append(st.Sources, s.memberPath(r, i))
	}
	if len(st.Sources) < len(r.Members)-1 {
		st.Sources = nil
	}
	switch {
	case r.Pack.Format == s.format && whole(0):
		st.Pack = s.memberPath(r, 0)
	case sizes[s.compiledPath(r)] > 0:
		st.Pack = s.compiledPath(r)
	case st.Sources == nil:
		return nil
	}
	return st
}

// Start is what a worker begins with.
type Start struct {
	Stored  *Stored           // nil: no release that can be used
	Crashed []release.Version // that were found to end the process, now
	Marks   release.Marks
}

// Start says which release of a rule set a worker that starts should use: the highest that is
// whole, trusted, and not marked. A release that has ended the process too often is marked first. With
// an error a worker goes on without a release. Releases in skip cannot be opened and are left out.
func (s *Store) Start(set string, trust *release.Trust, skip ...release.Version) (Start, error) {
	var start Start
	err := s.withLock(set, func() error {
		m, err := s.readMarker(set)
		if err != nil {
			return err
		}
		if boot, since := s.clock(); !m.Using.IsZero() && release.Crashes(m.Uses, release.Use{Boot: boot, Began: since}) {
			start.Crashed = append(start.Crashed, m.Using)
			m.Crash(m.Using)
			m.Using, m.Uses = release.Version{}, nil
			if err := s.writeMarker(set, m); err != nil {
				s.log.Error("a release that crashes cannot be marked: see to the card", "set", set, "error", err)
			}
		}
		start.Marks = m.Marks
		list, err := s.stored(set)
		if err != nil {
			return err
		}
		for _, st := range slices.Backward(list) {
			v := st.Release.Version
			if m.HasCrashed(v) || slices.Contains(skip, v) {
				continue
			}
			if _, err := trust.Verify(st.Release); err != nil {
				s.log.Warn("a release on this board is not used", "set", set, "release", v.Number, "error", err)
				continue
			}
			start.Stored = st
			break
		}
		return nil
	})
	return start, err
}

// Compile makes the pack of a release that has sources only. compile writes the pack to a
// path. The result is the release with the pack.
func (s *Store) Compile(st *Stored, compile func(path string) error) (*Stored, error) {
	done := *st
	err := s.withLock(st.Release.Set, func() error {
		var err error
		done.Pack, err = s.compile(st.Release, compile)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &done, nil
}

// compile writes a compiled pack, synced and with its name.
func (s *Store) compile(r *release.Release, compile func(path string) error) (string, error) {
	path := s.compiledPath(r)
	temp := path + disk.TempSuffix
	err := compile(temp)
	if err == nil {
		err = s.sync(temp)
	}
	if err == nil {
		err = s.fs.Rename(temp, path)
	}
	if err == nil {
		err = s.fs.SyncFolder(s.setFolder(r.Set))
	}
	if err != nil {
		_ = s.fs.Remove(temp) // or the next clean-up does
		return "", err
	}
	return path, nil
}

func (s *Store) sync(path string) error {
	f, err := s.fs.Extend(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Clean removes what nobody needs of a rule set: all releases but the highest, and those that a worker
// of the board uses or knows as good. It is called once a worker has confirmed a release.
func (s *Store) Clean(set string) error {
	return s.withLock(set, func() error { return s.clean(set) })
}

func (s *Store) clean(set string) error {
	keep := map[string]bool{}
	markers, err := s.markers(set)
	if err != nil {
		return err
	}
	for _, m := range markers {
		keep[m.Good.String()] = true
		keep[m.Using.String()] = true
	}
	list, err := s.stored(set)
	if err != nil {
		return err
	}
	highest := uint64(0)
	if len(list) > 0 {
		last := list[len(list)-1]
		keep[last.Release.Version.String()] = true
		highest = last.Release.Number
	}
	return s.removeFiles(set, func(name string) bool {
		number, prefix := numberOf(name)
		// What is above the highest that is whole is still fetched.
		return number > 0 && number <= highest && !keep[prefix]
	})
}

// removeFiles removes the files of a set's folder whose names unneeded picks, heads first.
func (s *Store) removeFiles(set string, unneeded func(name string) bool) error {
	entries, err := s.fs.List(s.setFolder(set))
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if !e.Folder && unneeded(e.Name) {
			names = append(names, e.Name)
		}
	}
	sort.Slice(names, func(i, j int) bool {
		if len(names[i]) != len(names[j]) {
			return len(names[i]) < len(names[j])
		}
		return names[i] < names[j]
	})
	var errs []error
	for _, name := range names {
		if err := s.fs.Remove(filepath.Join(s.setFolder(set), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Sets lists the rule sets that have a folder.
func (s *Store) Sets() ([]string, error) {
	entries, err := s.fs.List(s.folder)
	var sets []string
	for _, e := range entries {
		if e.Folder && wire.ValidReleaseSet(e.Name) {
			sets = append(sets, e.Name)
		}
	}
	slices.Sort(sets)
	return sets, err
}

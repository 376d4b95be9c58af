// The pack folder of a worker: what was compiled is kept, and used as it lies.

package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"trawl/edge/files"
	"trawl/edge/match"
)

// Store opens rules by way of a folder of packs, packs/<sha256>.pack, which it
// maps: a second start does not compile again, and the processes of a board that
// serve the same rules share their memory. The folder can be deleted at any
// time; it is made again. A Store is safe for concurrent use.
//
// Beside the packs lie small files, <key>.of, which say what pack was made of
// sources with that key: a hash of what they contain, of the options, and of
// the versions of pack format and program. And <sha256>.calibration says which way
// of scanning with a pack is the fastest on this board.
type Store struct {
	folder  string // empty: there is none
	version string
	log     *slog.Logger

	mu     sync.Mutex
	opened []*keptPack
	warned bool // that nothing can be kept
}

// keptPack is a pack of the folder. While file is open it holds a shared lock,
// by which the clean-up of all processes sees that the pack is in use.
type keptPack struct {
	pack *match.Pack
	file *os.File
}

// NewStore returns a store in the folder packs of the state folder, which need
// not exist. Without one (empty), or if it cannot be written, rules are
// compiled into memory, which is logged once. version is the program's: another
// one may compile better, so it compiles anew.
func NewStore(state, version string, log *slog.Logger) *Store {
	s := &Store{version: version, log: log}
	if state != "" {
		s.folder = filepath.Join(state, "packs")
	}
	return s
}

// Open is Compile with a pack that comes out of the folder, and is put there
// first if it is not in it, or damaged there. The report is nil if nothing had to
// be read again. The pack is the store's and lasts until Release or the store's
// Close; each call opens one of its own.
//
// A goroutine that scans with it should set [debug.SetPanicOnFault], see
// [match.OpenMapped].
func (s *Store) Open(paths []string, o Options) (*match.Pack, *Report, error) {
	p, report, err := s.open(paths, o)
	if err == nil {
		s.calibrate(p)
	}
	return p, report, err
}

func (s *Store) open(paths []string, o Options) (*match.Pack, *Report, error) {
	if key := s.key(paths, o); key != "" {
		if hash := s.madeOf(key); hash != "" {
			if p := s.kept(hash); p != nil {
				return p, nil, nil
			}
		}
	}
	l := newLoader(o)
	l.openPack, l.digests, l.key = s.adopt, true, newKey(s.version, o)
	if err := l.load(paths); err != nil || l.pack != nil {
		return l.pack, &l.report, err
	}
	p, err := s.compile(l)
	if err != nil {
		return nil, &l.report, fmt.Errorf("compile rules: %w", err)
	}
	return p, &l.report, nil
}

// Release closes a pack that Open returned. Nobody may be using it. Its file stays
// until a Clean, for rules that come back.
func (s *Store) Release(p *match.Pack) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.opened, func(k *keptPack) bool { return k.pack == p })
	var k *keptPack
	if i >= 0 {
		k = s.opened[i]
		s.opened = slices.Delete(s.opened, i, i+1)
	}
	s.mu.Unlock()
	if k == nil { // it could not be kept
		return p.Close()
	}
	return errors.Join(k.pack.Close(), k.file.Close())
}

// Kept returns the size of the pack that Open would find in the folder; ok is
// false if it would have to compile. Nothing is changed.
func (s *Store) Kept(paths []string, o Options) (bytes int64, ok bool) {
	key := s.key(paths, o)
	if key == "" {
		return 0, false
	}
	hash := s.madeOf(key)
	if hash == "" {
		return 0, false
	}
	info, err := os.Stat(s.packPath(hash))
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}

// Close closes all packs that were opened and not released. Nobody may be using one.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, k := range s.opened {
		errs = append(errs, k.pack.Close(), k.file.Close())
	}
	s.opened = nil
	return errors.Join(errs...)
}

// kept opens the pack of that hash in the folder; nil if there is none that is
// whole.
func (s *Store) kept(hash string) *match.Pack {
	if s.folder == "" {
		return nil
	}
	path := s.packPath(hash)
	f, _, err := files.Open(path)
	switch {
	case errors.Is(err, files.ErrNotRegular):
		s.removeDamaged(path, err)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		s.log.Warn("a kept pack cannot be read; making it again", "file", path, "error", err)
		return nil
	}
	if !lockShared(f) || !lies(f, path) { // it is being cleaned up
		f.Close()
		return nil
	}
	p, err := match.Map(f)
	if err == nil && p.Hash() != hash {
		p.Close()
		err = fmt.Errorf("%s: %w (it is another pack, %s)", path, match.ErrDamaged, p.Hash())
	}
	if err != nil {
		f.Close()
		s.removeDamaged(path, err)
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // the clean-up begins with the longest unused; a folder may be read-only
	s.keep(p, f)
	return p
}

func (s *Store) removeDamaged(path string, err error) {
	s.log.Warn("a kept pack is damaged; making it again", "error", err)
	if err := os.Remove(path); err != nil {
		s.log.Warn("a damaged pack cannot be removed", "error", err)
	}
}

// keep notes a pack that Close is to close.
func (s *Store) keep(p *match.Pack, f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, &keptPack{p, f})
}

// lies reports whether path still is the open file.
func lies(f *os.File, path string) bool {
	is, err := f.Stat()
	at, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(is, at)
}

// adopt opens a pack from elsewhere: a copy of it in the folder, for the file
// itself may be overwritten.
func (s *Store) adopt(path string) (*match.Pack, error) {
	hash, err := match.FileHash(path)
	if err != nil {
		return nil, err
	}
	if p := s.kept(hash); p != nil {
		return p, nil
	}
	p, err := match.Open(path)
	if err == nil {
		err = p.Verify()
	}
	if err != nil {
		return nil, err
	}
	t, err := s.create()
	if err == nil {
		_, err = p.WriteTo(t)
	}
	var copied *match.Pack
	if err == nil {
		copied, err = s.install(t)
	}
	if err != nil {
		s.discard(t, err)
		return p, nil
	}
	_ = p.Close()
	returnMemory()
	return copied, nil
}

// compile makes a pack of what l has loaded, in the folder if that can be.
func (s *Store) compile(l *loader) (*match.Pack, error) {
	start := time.Now()
	t, err := s.create()
	if err == nil {
		_, err = l.builder.Write(t)
	}
	var p *match.Pack
	if err == nil {
		p, err = s.install(t)
	}
	var failed *fs.PathError
	switch {
	case err == nil:
	case errors.As(err, &failed) || errors.Is(err, errNoFolder) || errors.Is(err, match.ErrDamaged):
		s.discard(t, err)
		return l.builder.Pack()
	default: // the rules are to blame
		s.discard(t, nil)
		return nil, err
	}
	if !l.once {
		s.note(l.key.String(), p.Hash())
	}
	l.builder = nil
	// What compiling took is much more than serving takes.
	returnMemory()
	s.log.Info("rules compiled", "pack", s.packPath(p.Hash()), "bytes", p.Info().Bytes, "took", time.Since(start).Round(time.Millisecond))
	return p, nil
}

func (s *Store) packPath(hash string) string { return filepath.Join(s.folder, hash+packSuffix) }

// cannotKeep says, once, that the folder cannot be used.
func (s *Store) cannotKeep(err error) {
	s.mu.Lock()
	first := !s.warned
	s.warned = true
	s.mu.Unlock()
	if first {
		s.log.Warn("compiled rules cannot be kept: they stay in this process's memory and are compiled again at the next start; "+
			"give worker.state_dir a folder that trawl may write to", "folder", s.folder, "error", err)
	}
}

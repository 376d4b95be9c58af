package rules

// Store: the pack folder of a worker, a cache of compiled rules.

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

// Store opens rules through a folder of packs, packs/<sha256>.pack, which it maps. A second start
// does not compile again, and processes with the same rules share memory. The folder may be deleted
// at any time. All methods may be called concurrently.
//
// Small files beside the packs hold notes. <key>.src names the pack made of sources with that key,
// which is a hash of the content of the sources, of the options, and of the versions of pack format
// and program. <sha256>.calibration holds the fastest way of scanning with a pack on this board.
type Store struct {
	folder  string // empty: there is none
	version string
	log     *slog.Logger

	mu     sync.Mutex
	opened []*storePack
	warned bool // a warning about the folder was logged
}

// storePack is an open pack of the folder. file holds a shared lock while it is open, which tells
// the clean-up of every process that the pack is in use.
type storePack struct {
	pack *match.Pack
	file *os.File
}

// NewStore returns a store in the folder packs of the state folder, which need not exist. Without a
// state folder (empty), or if it cannot be written, rules are compiled into memory, and a warning
// is logged once. version is the program's version: another version may compile better, so it
// compiles again.
func NewStore(state, version string, log *slog.Logger) *Store {
	s := &Store{version: version, log: log}
	if state != "" {
		s.folder = filepath.Join(state, "packs")
	}
	return s
}

// Open is Compile with a pack out of the folder. A missing or damaged pack is compiled and stored
// first. The report is nil if no source had to be read. The pack belongs to the store and lasts
// until Release or Close; each call opens another one.
//
// A goroutine that scans with the pack should set [debug.SetPanicOnFault], see [match.OpenMapped].
func (s *Store) Open(paths []string, o Options) (*match.Pack, *Report, error) {
	p, report, err := s.open(paths, o)
	if err == nil {
		s.calibrate(p)
	}
	return p, report, err
}

// OpenPack maps a pack where it lies: the file must not be written to. The pack lasts until Release.
func (s *Store) OpenPack(path string) (*match.Pack, error) {
	p, err := match.OpenMapped(path)
	if err == nil {
		s.calibrate(p)
	}
	return p, err
}

func (s *Store) open(paths []string, o Options) (*match.Pack, *Report, error) {
	if key := s.key(paths, o); key != "" {
		if hash := s.packOf(key); hash != "" {
			if p := s.cached(hash); p != nil {
				return p, nil, nil
			}
		}
	}
	l := newLoader(o)
	l.openPack, l.wantKey, l.key = s.importPack, true, newKey(s.version, o)
	if err := l.load(paths); err != nil || l.pack != nil {
		return l.pack, &l.report, err
	}
	p, err := s.compile(l)
	if err != nil {
		return nil, &l.report, fmt.Errorf("compile rules: %w", err)
	}
	return p, &l.report, nil
}

// Release closes a pack returned by Open. Nobody may use the pack any more. The file stays until a
// Clean, in case the rules come back.
func (s *Store) Release(p *match.Pack) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.opened, func(k *storePack) bool { return k.pack == p })
	var k *storePack
	if i >= 0 {
		k = s.opened[i]
		s.opened = slices.Delete(s.opened, i, i+1)
	}
	s.mu.Unlock()
	if k == nil { // the pack is not in the folder
		return p.Close()
	}
	return errors.Join(k.pack.Close(), k.file.Close())
}

// Cached returns the size of the pack that Open would find in the folder; ok is false if Open would
// compile. Nothing is changed.
func (s *Store) Cached(paths []string, o Options) (bytes int64, ok bool) {
	key := s.key(paths, o)
	if key == "" {
		return 0, false
	}
	hash := s.packOf(key)
	if hash == "" {
		return 0, false
	}
	info, err := os.Stat(s.packPath(hash))
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}

// Close closes all packs that were opened and not released. Nobody may use them any more.
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

// cached opens the pack with a hash in the folder; nil if the pack is missing or damaged.
func (s *Store) cached(hash string) *match.Pack {
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
		s.log.Warn("a cached pack cannot be read; making it again", "file", path, "error", err)
		return nil
	}
	if !lockShared(f) || !sameFile(f, path) { // a clean-up is removing the file
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
	s.log.Warn("a cached pack is damaged; making it again", "error", err)
	if err := os.Remove(path); err != nil {
		s.log.Warn("a damaged pack cannot be removed", "error", err)
	}
}

// keep adds a pack to those that Close closes.
func (s *Store) keep(p *match.Pack, f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, &storePack{p, f})
}

// sameFile reports whether path is still the open file.
func sameFile(f *os.File, path string) bool {
	is, err := f.Stat()
	at, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(is, at)
}

// importPack opens a copy in the folder of a pack from elsewhere, since the original may be
// overwritten.
func (s *Store) importPack(path string) (*match.Pack, error) {
	hash, err := match.FileHash(path)
	if err != nil {
		return nil, err
	}
	if p := s.cached(hash); p != nil {
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

// compile makes a pack of the rules in l, in the folder if possible.
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
	if !l.unrepeatable {
		s.note(l.key.String(), p.Hash())
	}
	l.builder = nil
	// Compiling takes much more memory than serving.
	returnMemory()
	s.log.Info("rules compiled", "pack", s.packPath(p.Hash()), "bytes", p.Info().Bytes, "took", time.Since(start).Round(time.Millisecond))
	return p, nil
}

func (s *Store) packPath(hash string) string { return filepath.Join(s.folder, hash+packSuffix) }

// cannotCache logs, once, that the folder cannot be used.
func (s *Store) cannotCache(err error) {
	s.mu.Lock()
	first := !s.warned
	s.warned = true
	s.mu.Unlock()
	if first {
		s.log.Warn("compiled rules cannot be cached: they stay in this process's memory and are compiled again at the next start; "+
			"give worker.state_dir a folder that trawl may write to", "folder", s.folder, "error", err)
	}
}

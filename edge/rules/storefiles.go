package rules

// Files of the pack folder: complete or absent, and cleaned up when nobody uses them.

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"trawl/edge/files"
	"trawl/edge/match"
)

const (
	packSuffix = ".pack"
	keySuffix  = ".src"
	tempSuffix = ".tmp"

	// maxUnused is the number of unused packs that stay, so that going back to earlier rules needs
	// no compiling; maxKeys is the number of notes about sources.
	maxUnused = 3
	maxKeys   = 64
	// maxNote bounds a note, in bytes: a hash or a calibration.
	maxNote = 4 << 10
	// tempAge is the age from which a temporary file is a leftover.
	tempAge = time.Hour
)

var errNoFolder = errors.New("no state folder is known: neither STATE_DIRECTORY nor a user's cache folder is set")

// create opens a new temporary file in the folder.
func (s *Store) create() (*os.File, error) {
	if s.folder == "" {
		return nil, errNoFolder
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.folder, "*"+tempSuffix)
	if err == nil {
		lockShared(f)
	}
	return f, err
}

// install renames the finished pack in t, once the content is on the disk and verified, and opens
// it.
func (s *Store) install(t *os.File) (*match.Pack, error) {
	if err := t.Sync(); err != nil {
		return nil, err
	}
	p, err := match.Map(t)
	if err != nil {
		return nil, err
	}
	if err = p.Verify(); err == nil {
		err = os.Rename(t.Name(), s.packPath(p.Hash()))
	}
	if err == nil {
		err = files.SyncFolder(s.folder)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	s.keep(p, t)
	return p, nil
}

// discard removes an unfinished file. err, if not nil, is why nothing can be cached.
func (s *Store) discard(t *os.File, err error) {
	if t != nil {
		t.Close()
		_ = os.Remove(t.Name()) // a leftover is removed by the clean-up
	}
	if err != nil {
		s.cannotCache(err)
	}
}

// packOf returns the hash of the pack made of the sources with a key; empty if unknown.
func (s *Store) packOf(key string) string {
	if s.folder == "" {
		return ""
	}
	path := filepath.Join(s.folder, key+keySuffix)
	text, err := files.Read(path, maxNote)
	hash := strings.TrimSuffix(string(text), "\n")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err == nil && !isHash(hash):
		err = errors.New("it holds no hash")
	}
	if err != nil {
		s.log.Warn("a note about a cached pack is damaged; compiling again", "file", path, "error", err)
		return ""
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	return hash
}

// note stores which pack was made of the sources with a key. Without the note they are compiled
// again at the next start.
func (s *Store) note(key, hash string) {
	err := s.writeNote(filepath.Join(s.folder, key+keySuffix), hash+"\n", true)
	if err != nil {
		s.log.Warn("not noted what a pack was made of; it is compiled again at the next start", "error", err)
	}
}

// writeNote replaces a small file of the folder. A durable note lasts through a power cut, for
// which the card is written at once.
func (s *Store) writeNote(path, text string, durable bool) error {
	t, err := s.create()
	if err != nil {
		return err
	}
	_, err = t.WriteString(text)
	if err == nil && durable {
		err = t.Sync()
	}
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		s.discard(t, nil)
		return err
	}
	err = t.Close()
	if durable {
		err = errors.Join(err, files.SyncFolder(s.folder))
	}
	return err
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Clean removes packs that no process uses, except the maxUnused most recently used ones, notes
// without a pack, and leftovers of a power cut. Call it when all needed packs are open. Failures
// are logged.
func (s *Store) Clean() {
	if s.folder == "" {
		return
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return // then there is nothing to remove
	}
	var packs, keys []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		switch filepath.Ext(e.Name()) {
		case packSuffix:
			packs = append(packs, info)
		case keySuffix:
			keys = append(keys, info)
		case tempSuffix:
			if time.Since(info.ModTime()) > tempAge {
				s.removeUnused(e.Name())
			}
		}
	}
	youngestFirst := func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) }
	slices.SortFunc(packs, youngestFirst)
	unused := 0
	for _, info := range packs {
		if s.inUse(info.Name()) {
			continue
		}
		if unused++; unused > maxUnused {
			s.removeUnused(info.Name())
		}
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == calibrationSuffix {
			s.cleanCalibration(e.Name())
		}
	}
	slices.SortFunc(keys, youngestFirst)
	for i, info := range keys {
		path := filepath.Join(s.folder, info.Name())
		text, err := files.Read(path, maxNote)
		if err == nil && i < maxKeys {
			_, err = os.Stat(s.packPath(strings.TrimSuffix(string(text), "\n")))
		}
		if i >= maxKeys || errors.Is(err, fs.ErrNotExist) {
			s.removed(path, os.Remove(path))
		}
	}
}

// inUse reports whether a process has the file open and locked.
func (s *Store) inUse(name string) bool {
	f, _, err := files.Open(filepath.Join(s.folder, name))
	if err != nil {
		return true
	}
	defer f.Close()
	return !lockExclusive(f)
}

// removeUnused removes a file that is not in use.
func (s *Store) removeUnused(name string) {
	path := filepath.Join(s.folder, name)
	f, _, err := files.Open(path)
	if err != nil {
		return
	}
	defer f.Close() // also releases the lock, after the removal
	if lockExclusive(f) {
		s.removed(path, os.Remove(path))
	}
}

func (s *Store) removed(path string, err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("not needed any more but cannot be removed", "error", err)
		return
	}
	s.log.Debug("removed", "file", path)
}

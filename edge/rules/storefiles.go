// The files of a pack folder: written so that each is whole or not there, and
// cleaned up when nobody uses them.

package rules

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
	keySuffix  = ".of"
	tempSuffix = ".tmp"

	// maxUnused packs that nobody uses are kept, so that going back to rules of
	// before needs no compiling; maxKeys bounds the files that lead to packs.
	maxUnused = 3
	maxKeys   = 64
	// maxNote bounds a file that says something of a pack, in bytes: a hash, or a
	// calibration.
	maxNote = 4 << 10
	// tempAge is how old a temporary file must be to be a leftover.
	tempAge = time.Hour
)

var errNoFolder = errors.New("no state folder is known: neither STATE_DIRECTORY nor a user's cache folder is set")

// create opens a new file in the folder, under a name for the time being.
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

// install gives the finished pack in t its name, once it is on the disk and
// what it should be, and opens it.
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
		err = syncFolder(s.folder)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	s.keep(p, t)
	return p, nil
}

// discard removes what could not be finished. err, if it is not nil, is why
// nothing can be kept.
func (s *Store) discard(t *os.File, err error) {
	if t != nil {
		t.Close()
		_ = os.Remove(t.Name()) // a leftover is removed by the clean-up
	}
	if err != nil {
		s.cannotKeep(err)
	}
}

// madeOf returns the hash of the pack that was made of the sources with that
// key; empty if it is not known.
func (s *Store) madeOf(key string) string {
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
		s.log.Warn("a note about a kept pack is damaged; compiling again", "file", path, "error", err)
		return ""
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	return hash
}

// note writes down that the pack was made of the sources with that key. If that
// fails they are compiled again next time, no more.
func (s *Store) note(key, hash string) {
	t, err := s.create()
	if err == nil {
		_, err = t.WriteString(hash + "\n")
	}
	if err == nil {
		err = t.Sync()
	}
	if err == nil {
		err = os.Rename(t.Name(), filepath.Join(s.folder, key+keySuffix))
	}
	if err == nil {
		t.Close()
		err = syncFolder(s.folder)
	} else {
		s.discard(t, nil)
	}
	if err != nil {
		s.log.Warn("not noted what a pack was made of; it is compiled again at the next start", "error", err)
	}
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Clean removes what nobody needs: packs that no process uses, all but the
// maxUnused used last; notes that lead nowhere; what a power cut left behind.
// It is called once the packs to be used are open. What cannot be removed is
// logged.
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
	return !lockAlone(f)
}

// removeUnused removes a file unless it is in use.
func (s *Store) removeUnused(name string) {
	path := filepath.Join(s.folder, name)
	f, _, err := files.Open(path)
	if err != nil {
		return
	}
	defer f.Close() // and with it the lock, after the file is gone
	if lockAlone(f) {
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

// syncFolder makes a rename last through a power cut.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

package brokerstore

// Opening a folder: what is there is taken over, whatever a power cut has left behind.

import (
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
	"trawl/edge/wire"
)

// MinLimit is the smallest limit: a pack of a few chunks, with what it replaces.
const MinLimit = 8 << 20

// Open opens the store in a folder, which is made if need be. All files together have at most limit
// bytes. What is damaged is left out, and said in the log: a broker starts with what is whole.
func Open(folder string, limit int64, log *slog.Logger) (*Store, error) {
	return open(disk.OS{}, folder, limit, log)
}

func open(d disk.FS, folder string, limit int64, log *slog.Logger) (*Store, error) {
	s := &Store{
		fs: d, folder: folder, limit: max(limit, MinLimit), log: log, now: time.Now,
		chunks: map[release.Hash]*chunk{}, sets: map[string]*set{},
	}
	for _, path := range []string{s.chunksFolder(), filepath.Join(folder, "sets")} {
		if err := d.MakeFolder(path); err != nil {
			return nil, err
		}
	}
	if err := s.findChunks(); err != nil {
		return nil, err
	}
	entries, err := d.List(filepath.Join(folder, "sets"))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Folder && wire.ValidReleaseSet(e.Name) && len(s.sets) < wire.MaxRuleSets {
			s.openSet(e.Name)
		}
	}
	s.collect()
	return s, nil
}

func (s *Store) chunksFolder() string { return filepath.Join(s.folder, "chunks") }

// findChunks looks which chunks there are. What is no chunk was not finished.
func (s *Store) findChunks() error {
	entries, err := s.fs.List(s.chunksFolder())
	if err != nil {
		return err
	}
	for _, e := range entries {
		h, err := release.ParseHash(e.Name)
		switch {
		case e.Folder:
		case err != nil || e.Size < 1 || e.Size > release.MaxCompressed:
			s.remove(filepath.Join(s.chunksFolder(), e.Name))
		default:
			s.chunks[h] = &chunk{bytes: e.Size}
			s.used += e.Size
		}
	}
	return nil
}

// openSet takes over the releases of a rule set that state.json knows and whose head is whole,
// and removes all other files.
func (s *Store) openSet(name string) {
	st, size, err := s.readState(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("the state of a rule set's releases cannot be read: push its release again; workers go on with what they have", "set", name, "error", err)
	}
	set := &set{history: st.History, kept: map[release.Version]*kept{}, state: size}
	files := map[string]bool{"state.json": true}
	for _, r := range st.List {
		head, err := s.readHead(name, r.Version)
		if err != nil {
			s.log.Error("a release is damaged and left out: push it again", "set", name, "release", r.Version.Number, "error", err)
			continue
		}
		bytes := int64(len(head.AppendHead(nil)))
		set.rollouts.List = append(set.rollouts.List, r)
		set.kept[r.Version] = &kept{head: bytes, bytes: head.Size(), chunks: head.Chunks()}
		s.used += bytes
		files[r.Version.String()] = true
	}
	entries, err := s.fs.List(s.setFolder(name))
	if err != nil {
		s.log.Error("the folder of a rule set's releases cannot be read", "set", name, "error", err)
	}
	for _, e := range entries {
		if !e.Folder && !files[e.Name] {
			s.remove(filepath.Join(s.setFolder(name), e.Name))
		}
	}
	if len(set.kept) > 0 || len(set.history) > 0 {
		s.sets[name] = set
		s.used += size
	}
}

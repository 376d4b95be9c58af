package workerstore

// Markers: what each worker of the board has met with.

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"

	"trawl/edge/release"
	"trawl/edge/release/internal/disk"
)

const (
	markerPrefix = "worker."
	maxMarker    = 64 << 10 // bytes
	// maxMarkers is how many workers of a board are remembered: those that wrote last.
	maxMarkers = 32
)

// marker is the file of a worker for a rule set.
type marker struct {
	Worker string `json:"worker"`
	// Turn rises with each write of any worker: boards have no clock to tell which file is old.
	Turn uint64          `json:"turn"`
	Good release.Version `json:"good"` // the last release that stayed up for release.GoodAfter
	// Using is a release in use that is not known to be good yet; Uses are its uses.
	Using release.Version `json:"using"`
	Uses  []release.Use   `json:"uses,omitempty"`
	release.Marks
}

func (s *Store) markerPath(set string) string {
	id := release.HashOf([]byte(s.worker))
	return filepath.Join(s.setFolder(set), markerPrefix+hex.EncodeToString(id[:8]))
}

// readMarker reads the worker's marker, with the lock held. A damaged one counts as none: the
// worst of that is a release that crashes once more.
func (s *Store) readMarker(set string) (*marker, error) {
	m, err := s.readMarkerAt(s.markerPath(set))
	if errors.Is(err, fs.ErrNotExist) {
		return &marker{Worker: s.worker}, nil
	}
	return m, err
}

func (s *Store) readMarkerAt(path string) (*marker, error) {
	data, err := disk.ReadFile(s.fs, path, maxMarker)
	if err != nil {
		return nil, err
	}
	m := &marker{}
	if err := json.Unmarshal(data, m); err != nil {
		s.log.Warn("what a worker has met with its releases cannot be read and is forgotten", "file", path, "error", err)
		return &marker{Worker: s.worker}, nil
	}
	return m, nil
}

// writeMarker writes the worker's marker, with the lock held.
func (s *Store) writeMarker(set string, m *marker) error {
	all, err := s.markers(set)
	if err != nil {
		return err
	}
	m.Turn = 0
	for _, other := range all {
		m.Turn = max(m.Turn, other.Turn)
	}
	m.Turn++
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := disk.WriteFile(s.fs, s.markerPath(set), data); err != nil {
		return err
	}
	delete(all, s.markerPath(set))
	s.forget(all)
	return nil
}

// markers reads the markers of all workers of the board, by path.
func (s *Store) markers(set string) (map[string]*marker, error) {
	entries, err := s.fs.List(s.setFolder(set))
	if err != nil {
		return nil, err
	}
	all := map[string]*marker{}
	for _, e := range entries {
		if e.Folder || !strings.HasPrefix(e.Name, markerPrefix) || strings.HasSuffix(e.Name, disk.TempSuffix) {
			continue
		}
		path := filepath.Join(s.setFolder(set), e.Name)
		m, err := s.readMarkerAt(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			all[path] = m
		}
	}
	return all, nil
}

// forget removes the markers that were written the longest ago, so that maxMarkers are left.
func (s *Store) forget(others map[string]*marker) {
	var paths []string
	for path := range others {
		paths = append(paths, path)
	}
	sort.Slice(paths, func(i, j int) bool { return others[paths[i]].Turn < others[paths[j]].Turn })
	for len(paths) >= maxMarkers {
		_ = s.fs.Remove(paths[0]) // or at the next write
		paths = paths[1:]
	}
}

// change changes the worker's marker; nothing is written if f says so.
func (s *Store) change(set string, f func(*marker) (changed bool)) error {
	return s.withLock(set, func() error {
		m, err := s.readMarker(set)
		if err != nil || !f(m) {
			return err
		}
		return s.writeMarker(set, m)
	})
}

// Use notes that a release is about to be opened. The process may end by that. Nothing is written for a
// release that is known to be good.
func (s *Store) Use(st *Stored) error {
	v := st.Release.Version
	return s.change(st.Release.Set, func(m *marker) bool {
		if v == m.Good {
			return m.end()
		}
		if m.Using != v {
			m.Using, m.Uses = v, nil
		}
		boot, since := s.clock()
		m.Uses = release.AddUse(m.Uses, release.Use{Boot: boot, Began: since})
		return true
	})
}

// end notes that the last use has ended in good order.
func (m *marker) end() (changed bool) {
	if n := len(m.Uses); n > 0 && !m.Uses[n-1].Ended {
		m.Uses[n-1].Ended = true
		return true
	}
	return false
}

// End notes that the use of a release has ended in good order: the process is about to end, or
// the release could not be opened.
func (s *Store) End(set string) error {
	return s.change(set, (*marker).end)
}

// Confirm notes that a release has been in use for release.GoodAfter without a fault, and
// removes what is not needed any more.
func (s *Store) Confirm(st *Stored) error {
	set, v := st.Release.Set, st.Release.Version
	err := s.change(set, func(m *marker) bool {
		if m.Good == v {
			return false
		}
		m.Good = v
		if m.Using == v {
			m.Using, m.Uses = release.Version{}, nil
		}
		return true
	})
	if err != nil {
		return err
	}
	return s.Clean(set)
}

// Heed takes the mark from a release because somebody has asked to try it again.
func (s *Store) Heed(set string, v release.Version, retry uint64) (release.Marks, error) {
	var marks release.Marks
	err := s.change(set, func(m *marker) bool {
		m.Heed(v, retry)
		if m.Using == v {
			m.Uses = nil
		}
		marks = m.Marks
		return true
	})
	return marks, err
}

// What a board knows about its packs: which way of scanning is the fastest.

package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"trawl/edge/board"
	"trawl/edge/files"
	"trawl/edge/match"
)

const calibrationSuffix = ".calibration"

// calibrate makes p scan the way that is the fastest on this board: as noted
// beside the pack, or else measured now, for some milliseconds, and noted. Each
// note is a line for the board, for a card can be put into another one, and one for
// the calibration.
func (s *Store) calibrate(p *match.Pack) {
	if p.Calibration().Lanes == "" {
		return // there is no choice
	}
	path := filepath.Join(s.folder, p.Hash()+calibrationSuffix)
	if s.folder != "" && noted(path, p) {
		return
	}
	c := p.Calibrate()
	returnMemory() // measuring takes texts and matches of some megabytes
	s.log.Debug("calibrated", "pack", p.Hash(), "calibration", c.String())
	text, err := c.MarshalText()
	if err == nil {
		err = s.replace(path, fmt.Sprintf("%s\n%s\n", thisBoard(), text))
	}
	if err != nil && !errors.Is(err, errNoFolder) {
		s.log.Debug("a calibration is not noted; it is measured again at the next start", "error", err)
	}
}

// noted uses the calibration noted at path, if there is one of this board.
func noted(path string, p *match.Pack) bool {
	text, err := files.Read(path, maxNote)
	if err != nil {
		return false
	}
	board, calibration, _ := strings.Cut(string(text), "\n")
	var c match.Calibration
	return board == thisBoard() && c.UnmarshalText([]byte(calibration)) == nil && p.Use(c) == nil
}

// thisBoard is what decides how fast it scans.
func thisBoard() string {
	b := board.Read()
	return strings.TrimSpace(fmt.Sprintf("%s %s, %d cores", b.Model, b.Arch, b.Cores))
}

// replace writes a small file whole. It need not survive a power cut.
func (s *Store) replace(path, text string) error {
	t, err := s.create()
	if err != nil {
		return err
	}
	_, err = t.WriteString(text)
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		s.discard(t, nil)
		return err
	}
	return t.Close()
}

// cleanCalibration removes the note of a pack that is gone.
func (s *Store) cleanCalibration(name string) {
	if _, err := os.Stat(s.packPath(strings.TrimSuffix(name, calibrationSuffix))); errors.Is(err, fs.ErrNotExist) {
		path := filepath.Join(s.folder, name)
		s.removed(path, os.Remove(path))
	}
}

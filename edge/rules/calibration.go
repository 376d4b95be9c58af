package rules

// Calibrations: the fastest way to scan with a pack on this board.

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

// calibrate makes p scan in the fastest way on this board: by the note beside the pack, or by a
// measurement of some milliseconds, which is then noted. A note has a line for the board, because a
// card can be moved to another board, and a line for the calibration.
func (s *Store) calibrate(p *match.Pack) {
	if p.Calibration().Lanes == "" {
		return // there is no choice
	}
	path := filepath.Join(s.folder, p.Hash()+calibrationSuffix)
	if s.folder != "" && useNoted(path, p) {
		return
	}
	c := p.Calibrate()
	returnMemory() // measuring takes texts and matches of some megabytes
	s.log.Debug("calibrated", "pack", p.Hash(), "calibration", c.String())
	text, err := c.MarshalText()
	if err == nil {
		err = s.writeNote(path, fmt.Sprintf("%s\n%s\n", boardName(), text), false)
	}
	if err != nil && !errors.Is(err, errNoFolder) {
		s.log.Debug("a calibration is not noted; it is measured again at the next start", "error", err)
	}
}

// useNoted applies the calibration in the note at path, if the note is about this board.
func useNoted(path string, p *match.Pack) bool {
	text, err := files.Read(path, maxNote)
	if err != nil {
		return false
	}
	board, calibration, _ := strings.Cut(string(text), "\n")
	var c match.Calibration
	return board == boardName() && c.UnmarshalText([]byte(calibration)) == nil && p.Use(c) == nil
}

// boardName identifies boards of the same speed.
func boardName() string {
	b := board.Read()
	return strings.TrimSpace(fmt.Sprintf("%s %s, %d cores", b.Model, b.Arch, b.Cores))
}

// cleanCalibration removes a note whose pack is gone.
func (s *Store) cleanCalibration(name string) {
	if _, err := os.Stat(s.packPath(strings.TrimSuffix(name, calibrationSuffix))); errors.Is(err, fs.ErrNotExist) {
		path := filepath.Join(s.folder, name)
		s.removed(path, os.Remove(path))
	}
}

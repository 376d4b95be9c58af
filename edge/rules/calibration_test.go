package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/match"
)

func TestCalibrationIsKeptForBoardAndPack(t *testing.T) {
	s := newStoreTest(t)
	st := s.store()
	p, _ := s.open(st, Options{Engine: match.EngineDA8}, s.words)
	if p.Calibration().Lanes == "" {
		t.Skip("one way of scanning only on this system")
	}
	measured := p.Calibration()
	if len(measured.Speeds) == 0 {
		t.Fatalf("not measured: %v", measured)
	}
	path := filepath.Join(s.state, "packs", p.Hash()+calibrationSuffix)
	reopened := func() match.Calibration {
		t.Helper()
		p, _ := s.open(s.store(), Options{Engine: match.EngineDA8}, s.words)
		return p.Calibration()
	}

	// What is noted holds, however odd, ...
	text := boardName() + "\nlanes=none from=0 one-stream=12345.0\n"
	s.write(path, text)
	if c := reopened(); len(c.Speeds) != 1 || c.Speeds[0].MBs != 12345 {
		t.Errorf("noted %q, used %v", text, c)
	}
	// ... unless it is of another board, or damaged: then it is measured again.
	for _, text := range []string{"another board\nlanes=none from=0 one-stream=12345.0\n", boardName() + "\nlanes=what from=0\n", ""} {
		s.write(path, text)
		if c := reopened(); len(c.Speeds) == 0 || c.Speeds[0].MBs == 12345 {
			t.Errorf("noted %q, used %v", text, c)
		}
		if now, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(now), boardName()+"\n") || string(now) == text {
			t.Errorf("noted again: %q, %v", now, err)
		}
	}
}

func TestCalibrationGoesWithItsPack(t *testing.T) {
	s := newStoreTest(t)
	st := s.store()
	p, _ := s.open(st, Options{}, s.words)
	folder := filepath.Join(s.state, "packs")
	stale := filepath.Join(folder, strings.Repeat("ab", 32)+calibrationSuffix)
	s.write(stale, "x")
	st.Clean()
	if _, err := os.Stat(stale); err == nil {
		t.Error("the note of a pack that is gone is still there")
	}
	if p.Calibration().Lanes == "" {
		return
	}
	if _, err := os.Stat(filepath.Join(folder, p.Hash()+calibrationSuffix)); err != nil {
		t.Error(err)
	}
}

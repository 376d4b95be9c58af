//go:build unix

package match

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// packFile writes a pack into a file.
func packFile(t testing.TB, p *Pack) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.pack")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := p.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMappedPackIsAsInMemory(t *testing.T) {
	for _, engine := range testedEngines {
		p := compile(t, engine, mixedRules())
		q, err := OpenMapped(packFile(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if q.Hash() != p.Hash() || q.Info() != p.Info() || q.Verify() != nil || q.ID(0) != "he" || q.ID(3) != "case" {
			t.Errorf("%+v, want %+v", q.Info(), p.Info())
		}
		checkScan(t, q, &Scratch{}, mixedRules(), []byte(mixedText), Query{})
		info := q.Info()
		for range 2 {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
		if q.Hash() != p.Hash() || q.Info() != info || info.Name != "test" {
			t.Error("what is a copy does not outlast the map")
		}
	}
}

// A file that is replaced by another, or removed, stays what it was.
func TestMappedPackOutlastsItsName(t *testing.T) {
	path := packFile(t, compile(t, EngineDA8, mixedRules()))
	p, err := OpenMapped(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := os.Rename(packFile(t, compile(t, EngineDA8, nil)), path); err != nil {
		t.Fatal(err)
	}
	checkScan(t, p, &Scratch{}, mixedRules(), []byte(mixedText), Query{})
}

func TestOpenMappedRefuses(t *testing.T) {
	good := compile(t, EngineDA8, mixedRules()).data
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":     {nil, ErrNotPack},
		"a text":      {[]byte("words\n"), ErrNotPack},
		"half of one": {good[:len(good)/2], ErrDamaged},
		"two":         {append(bytes.Clone(good), good...), ErrDamaged},
	} {
		path := filepath.Join(t.TempDir(), "x.pack")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenMapped(path); !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenMapped(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenMapped(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

// A file cut short under a scan is a panic of that goroutine, which the pack
// knows for what it is.
func TestFaultsAreKnown(t *testing.T) {
	path := packFile(t, compile(t, EngineDA8, manyRules(10_000)))
	p, err := OpenMapped(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenMapped(path); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	checkFault(t, p, Query{})
}

// The same in the midst of a scan.
func TestFaultUnderAScan(t *testing.T) {
	path := packFile(t, compile(t, EngineDA8, manyRules(10_000)))
	p, err := OpenMapped(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	checkFault(t, p, Query{Stop: func() bool {
		if err := os.Truncate(path, 4096); err != nil {
			t.Error(err)
		}
		return false
	}})
}

func checkFault(t *testing.T, p *Pack, q Query) {
	t.Helper()
	var fault any
	func() {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() { fault = recover() }()
		p.Scan(&Scratch{}, bytes.Repeat([]byte("0-0 9e3779b1-1 "), 20_000), q)
	}()
	if fault == nil || !p.IsFault(fault) {
		t.Errorf("the scan ended with %v", fault)
	}
	other := compile(t, EngineDA8, nil)
	if other.IsFault(fault) || p.IsFault(nil) || p.IsFault("x") || p.IsFault(errors.New("x")) {
		t.Error("faults of others are taken for its own")
	}
	// Without an address, as emulators have it, the map itself tells.
	if fault = nilPanic(); !p.IsFault(fault) || other.IsFault(fault) {
		t.Error("a fault at no address is not known")
	}
	whole, err := OpenMapped(packFile(t, compile(t, EngineDA8, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if whole.IsFault(fault) {
		t.Error("a map that can be read is said to have failed")
	}
}

// nilPanic returns what a nil pointer panics with.
func nilPanic() (v any) {
	defer func() { v = recover() }()
	var p *Pack
	return p.hash
}

// A file that shrinks while it is being checked is an error.
func TestLoadMappedTurnsFaultsIntoErrors(t *testing.T) {
	path := packFile(t, compile(t, EngineDA8, manyRules(10_000)))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data, err := mapFile(f, int(info.Size()))
	if err != nil {
		t.Fatal(err)
	}
	defer unmapFile(data)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := loadMapped(data); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "cut short") {
		t.Error(err)
	}
}

func BenchmarkOpen(b *testing.B) {
	path := packFile(b, compile(b, EngineDA8, wordRules(insaneWords(b, 100_000))))
	for name, open := range map[string]func(string) (*Pack, error){"mapped": OpenMapped, "heap": Open} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p, err := open(path)
				if err != nil {
					b.Fatal(err)
				}
				p.Close()
			}
		})
	}
}

//go:build !windows

package files_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"trawl/edge/files"
)

func TestReplaceIsWholeOrNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	content := func(want string) {
		t.Helper()
		if text, err := os.ReadFile(path); err != nil || string(text) != want {
			t.Errorf("%q, %v; want %q", text, err, want)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 {
			t.Errorf("%v, %v: a temporary file has stayed", entries, err)
		}
	}
	if err := files.Replace(path, 0o640, []byte("one")); err != nil {
		t.Fatal(err)
	}
	content("one")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	cause := errors.New("no more")
	err := files.ReplaceFunc(path, 0o600, func(f *os.File) error {
		_, _ = f.WriteString("tw")
		if text, err := os.ReadFile(path); err != nil || string(text) != "one" {
			t.Errorf("while it is written: %q, %v", text, err)
		}
		return cause
	})
	if !errors.Is(err, cause) {
		t.Error(err)
	}
	content("one")
	if err := files.Replace(path, 0o600, []byte("three")); err != nil {
		t.Fatal(err)
	}
	content("three")
	if err := files.Replace(filepath.Join(folder, "missing", "f"), 0o600, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

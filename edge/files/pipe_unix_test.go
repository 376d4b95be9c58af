//go:build unix

package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"trawl/edge/files"
)

func descriptor(f *os.File) string { return strconv.Itoa(int(f.Fd())) }

// Each of these would wait for a writer, have no end, or act.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := pipe + ".link"
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, "/dev/zero", "/dev/tty"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		for what, open := range map[string]func(string) error{
			"Open":      func(p string) error { _, _, err := files.Open(p); return err },
			"OpenInput": func(p string) error { _, _, err := files.OpenInput(p); return err },
			"Read":      func(p string) error { _, err := files.Read(p, 10); return err },
		} {
			if err := open(path); !errors.Is(err, files.ErrNotRegular) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %s: %v", what, path, err)
			}
		}
		if a, b := files.Fingerprint(path, 10), files.Fingerprint(path, 10); a != b {
			t.Errorf("%s changes: %q, %q", path, a, b)
		}
	}
}

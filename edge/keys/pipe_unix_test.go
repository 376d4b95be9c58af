//go:build unix

package keys

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNamedPipeIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() error{
		"key":          func() error { _, err := ReadKeyFile(path); return err },
		"public key":   func() error { _, err := ReadPublicKey(path); return err },
		"allowed keys": func() error { _, err := OpenSet(path); return err },
	} {
		notWaitedFor(t, what, read)
	}
}

func notWaitedFor(t *testing.T, what string, reading func() error) {
	t.Helper()
	read := make(chan error, 1)
	go func() { read <- reading() }()
	select {
	case err := <-read:
		if err == nil || !strings.Contains(err.Error(), "a named pipe, not a regular file") {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: still reading", what)
	}
}

package release

// TrustFile: the trusted keys in use, and how the file is read again.

import (
	"fmt"
	"sync"
	"sync/atomic"

	"trawl/edge/files"
)

// TrustFile is a Trust that follows a file. Safe for concurrent use.
type TrustFile struct {
	path  string
	trust atomic.Pointer[Trust]

	mu     sync.Mutex
	read   string       // the file's fingerprint, before the file was read last
	change files.Change // of the file since
}

// OpenTrust reads the trust file at path.
func OpenTrust(path string) (*TrustFile, error) {
	f := &TrustFile{path: path}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// FixedTrust is a TrustFile without a file.
func FixedTrust(t *Trust) *TrustFile {
	f := &TrustFile{}
	f.trust.Store(t)
	return f
}

// Reload reads the file again. With an error the keys from before stay in force.
func (f *TrustFile) Reload() error {
	if f.path == "" {
		return nil
	}
	fingerprint := files.Fingerprint(f.path, maxTrustFile)
	f.mu.Lock()
	f.read = fingerprint
	f.mu.Unlock()
	text, err := files.Read(f.path, maxTrustFile)
	if err != nil {
		return fmt.Errorf("read trust file: %w", err)
	}
	t, err := ParseTrust(f.path, string(text))
	if err != nil {
		return err
	}
	f.trust.Store(t)
	return nil
}

// Changed reports whether the file is another than the one that was read last, and was so at
// the call before: then the file is whole.
func (f *TrustFile) Changed() bool {
	if f.path == "" {
		return false
	}
	now := files.Fingerprint(f.path, maxTrustFile)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change.Seen(now, f.read)
}

// Trust returns the keys in force.
func (f *TrustFile) Trust() *Trust { return f.trust.Load() }

package rules

// Keys of sources: whether a pack was made of them.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"

	"trawl/edge/match"
)

// key returns the key of the sources at paths; empty if they are unreadable, not readable twice, or
// a pack.
func (s *Store) key(paths []string, o Options) string {
	k := newKey(s.version, o)
	for _, path := range Expand(paths) {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return "" // the content of a pipe is for the loader
		}
		src, err := openSource(path)
		if err != nil {
			return "" // the loader will report the error
		}
		if src.kind == KindPack {
			src.Close()
			return ""
		}
		digest := sha256.New()
		_, err = io.Copy(digest, src)
		src.Close()
		if err != nil {
			return ""
		}
		k.add(src.kind, digest)
	}
	return k.String()
}

// sourcesKey is a key in the making.
type sourcesKey struct{ hash.Hash }

// newKey begins a key with everything beside the sources on which a pack depends.
func newKey(version string, o Options) sourcesKey {
	k := sourcesKey{sha256.New()}
	fmt.Fprintf(k, "trawl sources\nformat %d, program %q\noptions %+q\n", match.FormatVersion, version, fmt.Sprintf("%+v", o))
	return k
}

// add adds a source: its kind, which depends on the name, and its content.
func (k sourcesKey) add(kind string, content hash.Hash) {
	fmt.Fprintf(k, "%s %x\n", kind, content.Sum(nil))
}

func (k sourcesKey) String() string { return hex.EncodeToString(k.Sum(nil)) }

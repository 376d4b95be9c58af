package release

// Hashes, which name chunks and documents.

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Hash is a SHA-256: of a chunk's plain bytes, or of a document.
type Hash [sha256.Size]byte

// HashOf returns the SHA-256 of data.
func HashOf(data []byte) Hash { return sha256.Sum256(data) }

// String is 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short is the beginning of a hash, as file names and people need.
func (h Hash) Short() string { return hex.EncodeToString(h[:8]) }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hex digits in lower case.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err == nil {
		*h = parsed
	}
	return err
}

// ParseHash reads 64 hex digits in lower case.
func ParseHash(text string) (h Hash, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != text {
		return Hash{}, errors.New("no SHA-256 of 64 hex digits in lower case")
	}
	return Hash(b), nil
}

// Version tells the releases of a rule set apart, and puts them into the order that all
// workers and brokers agree on: by number, and by the document's hash where two releases
// have one number. The zero value comes before all releases.
type Version struct {
	Number uint64 `json:"number"`
	Hash   Hash   `json:"hash"`
}

// Compare returns -1, 0 or 1 as v comes before w, is w or comes after w.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Number, w.Number), bytes.Compare(v.Hash[:], w.Hash[:]))
}

// Higher reports whether v comes after w.
func (v Version) Higher(w Version) bool { return v.Compare(w) > 0 }

// IsZero reports whether v is no release.
func (v Version) IsZero() bool { return v == Version{} }

// String is a name for files and people: 8-1f2e3d4c5b6a7988.
func (v Version) String() string { return fmt.Sprintf("%d-%s", v.Number, v.Hash.Short()) }

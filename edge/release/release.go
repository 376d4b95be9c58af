package release

// A release: a document with its signature.

import (
	"errors"
	"fmt"
)

// Release is a document as it was signed, and the signature. Whether the signature is one of
// a trusted key, [Trust.Verify] tells.
type Release struct {
	*Document
	Bytes     []byte // the document, byte for byte
	Signature []byte // in normal form; empty: not signed
	Version   Version
}

// Parse reads a document and its signature, which may be empty. Both slices are copied.
func Parse(document, signature []byte) (*Release, error) {
	d, err := Decode(document)
	if err != nil {
		return nil, err
	}
	r := &Release{Document: d, Bytes: append([]byte(nil), document...), Version: d.version(document)}
	if len(signature) > 0 {
		if r.Signature, _, err = normalSignature(signature); err != nil {
			return nil, fmt.Errorf("release %d of %s: %w", d.Number, d.Set, err)
		}
	}
	return r, nil
}

// Sign makes a release of a document. Without a key the release is not signed.
func Sign(d *Document, key *SecretKey) (*Release, error) {
	document, err := d.Encode()
	if err != nil {
		return nil, err
	}
	var signature []byte
	if key != nil {
		signature = key.Sign(document, d)
	}
	return Parse(document, signature)
}

// ErrUntrusted is behind the errors of Verify.
var ErrUntrusted = errors.New("not trusted")

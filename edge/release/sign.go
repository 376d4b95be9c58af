package release

// Signatures and signing keys, in the format of minisign
// (https://jedisct1.github.io/minisign/), so that minisign reads what trawl writes and the
// other way round.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"aead.dev/minisign"

	"trawl/edge/escape"
	"trawl/edge/files"
)

const (
	// MaxSignature is the most bytes of a signature, with its comments.
	MaxSignature = 2 << 10

	// PassphraseMemory is what a passphrase takes of a board's memory, for a second or two:
	// minisign derives keys with scrypt, in 1 GiB.
	PassphraseMemory = 1<<30 + 64<<20

	maxKeyFile  = 4 << 10 // bytes
	fromOthers  = 0o077   // rights that nobody but the owner may have
	ownerOnly   = 0o600
	readableAll = 0o644

	untrustedComment = "signature of a release of trawl"
	unitOfSize       = 1e6
)

// SecretKey signs releases.
type SecretKey struct{ key minisign.PrivateKey }

// ID names a key, as minisign shows it: 16 hex digits.
func (k SecretKey) ID() string { return keyID(k.key.ID()) }

func keyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// Sign returns a signature of a document.
func (k SecretKey) Sign(document []byte, d *Document) []byte {
	r := minisign.NewReader(strings.NewReader(string(document)))
	var sink [4 << 10]byte
	for {
		if _, err := r.Read(sink[:]); err != nil {
			break // the end: a string has no other error
		}
	}
	return r.SignWithComments(k.key, fmt.Sprintf("trawl release %d of %s", d.Number, d.Set), untrustedComment)
}

// normalSignature checks the form of a signature and returns it in the one form in which
// signatures are kept and passed on, with nothing of what is not signed, and the key's ID.
func normalSignature(text []byte) (normal []byte, id uint64, err error) {
	if len(text) > MaxSignature {
		return nil, 0, fmt.Errorf("the signature has %d bytes, at most %d are allowed", len(text), MaxSignature)
	}
	var s minisign.Signature
	if err := s.UnmarshalText(text); err != nil {
		return nil, 0, escape.Errorf("the signature is none of minisign's format: %v", err)
	}
	switch {
	case s.Algorithm != minisign.HashEdDSA:
		return nil, 0, errors.New("the signature is of minisign's old kind, over the document itself: sign anew, without -l")
	case escape.Hides(s.TrustedComment):
		return nil, 0, errors.New("the signature's trusted comment holds characters that cannot be seen")
	}
	s.UntrustedComment = untrustedComment
	normal, err = s.MarshalText()
	return normal, s.KeyID, err
}

// GenerateKey makes a key pair and writes NAME.sec, for its owner alone, and NAME.pub. The
// secret key is encrypted unless the passphrase is empty; free is how many bytes of memory
// there are for that, see CheckPassphraseMemory. No file is ever replaced.
func GenerateKey(name, passphrase string, free int64) (id, public string, err error) {
	if passphrase != "" {
		if err := CheckPassphraseMemory(free); err != nil {
			return "", "", err
		}
	}
	pub, key, err := minisign.GenerateKey(nil)
	if err != nil {
		return "", "", err
	}
	var secret []byte
	if passphrase == "" {
		secret, err = key.MarshalText()
	} else {
		secret, err = minisign.EncryptKey(passphrase, key)
	}
	if err != nil {
		return "", "", err
	}
	public = pub.String()
	if err := writeNew(name+".sec", append(secret, '\n'), ownerOnly); err != nil {
		return "", "", err
	}
	comment := "untrusted comment: minisign public key " + keyID(pub.ID()) + "\n"
	if err := writeNew(name+".pub", []byte(comment+public+"\n"), readableAll); err != nil {
		os.Remove(name + ".sec") // nobody knows the public half
		return "", "", err
	}
	return keyID(pub.ID()), public, nil
}

func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is not replaced: choose another name, or remove it if nothing was signed with it: %w", path, err)
	}
	if err != nil {
		return fmt.Errorf("write a signing key: %w; choose a folder that exists and that you may write to", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("write a signing key: %w", err)
	}
	return nil
}

// CheckPassphraseMemory says why a passphrase cannot be used here; nil: it can. free is how
// many bytes of memory programs can get, 0 if the system does not tell.
func CheckPassphraseMemory(free int64) error {
	const instead = "do this on a PC, or make keys without a passphrase (--no-passphrase) and keep them on a machine that nobody else uses"
	switch {
	case strconv.IntSize == 32:
		return errors.New("a passphrase takes 1.1 GB of memory for a moment, which a program of 32 bits does not get: " + instead)
	case free > 0 && free < PassphraseMemory:
		return fmt.Errorf("a passphrase takes 1.1 GB of memory for a moment, and %.0f MB are free: %s", float64(free)/unitOfSize, instead)
	}
	return nil
}

// ReadSecretKey reads a secret key of trawl or minisign. It refuses a file that others than
// its owner can read. Only for an encrypted key the passphrase is asked for, and memory is needed;
// free is as for GenerateKey.
func ReadSecretKey(path string, passphrase func() (string, error), free int64) (SecretKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return SecretKey{}, err
	}
	var key minisign.PrivateKey
	if minisign.IsEncrypted(text) {
		if err := CheckPassphraseMemory(free); err != nil {
			return SecretKey{}, fmt.Errorf("signing key %s: %w", path, err)
		}
		words, err := passphrase()
		if err != nil {
			return SecretKey{}, fmt.Errorf("signing key %s: %w", path, err)
		}
		if key, err = minisign.DecryptKey(words, text); err != nil {
			return SecretKey{}, fmt.Errorf("signing key %s: the passphrase is wrong, or the file is damaged", path)
		}
		return SecretKey{key}, nil
	}
	if err := key.UnmarshalText(text); err != nil {
		return SecretKey{}, fmt.Errorf("signing key %s is no secret key of minisign's format: name the file NAME.sec that trawl keygen --sign made", path)
	}
	return SecretKey{key}, nil
}

// readPrivate reads a file that its owner alone may read. Errors never repeat any of it.
func readPrivate(path string) ([]byte, error) {
	f, info, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	defer f.Close()
	text, err := files.ReadAll(f, path, maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	if isPublicKey(string(text)) {
		return nil, fmt.Errorf("signing key %s is a public key, which can only check signatures: name the secret half, NAME.sec", path)
	}
	if mode := info.Mode().Perm(); mode&fromOthers != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("signing key %s is open to others than its owner (mode %04o): run chmod 600 %s", path, mode, path)
	}
	return text, nil
}

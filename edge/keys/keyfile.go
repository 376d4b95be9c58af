package keys

// Key files: one key pair each, in the form of CZMQ's certificates. trawl reads the files of czmq
// and pyzmq (zmq.auth.load_certificate), and the reverse.
//
//	curve
//	    public-key = "40 characters of Z85"
//	    secret-key = "40 characters of Z85"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"trawl/edge/files"
	"trawl/edge/zmtp"
)

const (
	publicName = "public-key"
	secretName = "secret-key"

	maxKeyFile = 64 << 10 // bytes; certificates carry free metadata
	ownerOnly  = 0o600
	others     = 0o077
)

// WriteKeyFile creates the file path with key, readable by the owner alone. If path exists, the
// file is left alone and the error wraps fs.ErrExist.
func WriteKeyFile(path string, key zmtp.SecretKey) error {
	text := fmt.Sprintf("# trawl key pair: keep this file secret, give the public key to others\n\ncurve\n    %s = %q\n    %s = %q\n",
		publicName, key.Public(), secretName, key.Z85())
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownerOnly)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("key file %s is there already and is not replaced: remove it or choose another name: %w", path, err)
	}
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// ReadKeyFile returns the secret key in the file path. The file must not be open to others than the
// owner, and a public key in the file must belong to the secret key.
func ReadKeyFile(path string) (zmtp.SecretKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return zmtp.SecretKey{}, err
	}
	if err := mistakenForPair(path, text); err != nil {
		return zmtp.SecretKey{}, err
	}
	key, err := parseKeyFile(text)
	if err != nil {
		return zmtp.SecretKey{}, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// readPrivate reads a file that nobody but the owner may read, write or run. Windows has no such
// permissions.
func readPrivate(path string) (string, error) {
	f, info, err := files.Open(path)
	if err != nil {
		return "", fmt.Errorf("read key file: %w", unopened(path, err))
	}
	defer f.Close()
	mode := info.Mode()
	text, err := files.ReadAll(f, path, maxKeyFile)
	if err != nil {
		return "", fmt.Errorf("read key file: %w", err)
	}
	if mode.Perm()&others&^credential(path) != 0 && runtime.GOOS != "windows" {
		// A wrong file is reported before wrong permissions: nobody should change the permissions
		// of a wrong file.
		if err := mistakenForPair(path, string(text)); err != nil {
			return "", err
		}
		if !hasKeyLine(string(text), secretName) {
			_, err := parseKeyFile(string(text))
			return "", fmt.Errorf("key file %s: %w", path, err)
		}
		return "", fmt.Errorf("key file %s is open to others than its owner (mode %04o): run chmod 600 %s", path, mode.Perm(), path)
	}
	return string(text), nil
}

// credential returns the rights that a credential of systemd may have beyond the owner's. The owner
// is root, and the service's user has access through an access list, whose mask shows as the right
// of the group to read.
func credential(path string) fs.FileMode {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(path) == filepath.Clean(dir) {
		return 0o040
	}
	return 0
}

// parseKeyFile reads the content of a key file. Errors never repeat any of the content.
func parseKeyFile(text string) (zmtp.SecretKey, error) {
	var key zmtp.SecretKey
	var public zmtp.PublicKey
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		var err error
		switch strings.TrimSpace(name) {
		case secretName:
			key, err = zmtp.ParseSecretKey(value)
		case publicName:
			public, err = zmtp.ParsePublicKey(value)
		}
		if err != nil {
			return zmtp.SecretKey{}, fmt.Errorf("%s: %w", strings.TrimSpace(name), err)
		}
	}
	if key == (zmtp.SecretKey{}) {
		return zmtp.SecretKey{}, fmt.Errorf("no line with %s, so it is no key pair: name a file that trawl keygen made, NAME.key", secretName)
	}
	if public != (zmtp.PublicKey{}) && public != key.Public() {
		return zmtp.SecretKey{}, errors.New("the public key does not belong to the secret one")
	}
	return key, nil
}

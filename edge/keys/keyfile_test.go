package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/zmtp"
	"trawl/test/need"
)

func TestKeyFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board.key")
	key := zmtp.GenerateKey()
	if err := WriteKeyFile(path, key); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	got, err := ReadKeyFile(path)
	if err != nil || got != key {
		t.Errorf("read another key, or %v", err)
	}
	if err := WriteKeyFile(path, zmtp.GenerateKey()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	if got, err := ReadKeyFile(path); err != nil || got != key {
		t.Errorf("the file was replaced, or %v", err)
	}
}

func TestKeyFileOpenToOthersIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board.key")
	if err := WriteKeyFile(path, zmtp.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o644: false, 0o666: false, 0o601: false,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKeyFile(path)
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestBadKeyFilesAreRefusedWithoutTheirContent(t *testing.T) {
	key, other := zmtp.GenerateKey(), zmtp.GenerateKey()
	secret := key.Z85()
	for name, test := range map[string]struct{ text, want string }{
		"empty":              {"", "secret-key"},
		"public only":        {`public-key = "` + key.Public().String() + `"`, "without a secret key"},
		"key alone":          {secret, "a single key"},
		"short":              {`secret-key = "` + secret[5:] + `"`, "40 characters"},
		"not Z85":            {`secret-key = "~` + secret[1:] + `"`, "character 1"},
		"of different pairs": {"public-key = \"" + other.Public().String() + "\"\nsecret-key = \"" + secret + `"`, "does not belong"},
		"much too long":      {strings.Repeat("x", maxKeyFile+1), "more than"},
	} {
		path := filepath.Join(t.TempDir(), "bad.key")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKeyFile(path)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), secret[10:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := ReadKeyFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// pyzmq writes and reads certificates of the same form.
func TestKeyFilesAreThoseOfPyzmq(t *testing.T) {
	const python = "/usr/bin/python3"
	need.That(t, need.Command(python, "-c", "import zmq.auth").Run() == nil, "python3-zmq")
	directory := t.TempDir()
	key := zmtp.GenerateKey()
	ours := filepath.Join(directory, "ours.key")
	if err := WriteKeyFile(ours, key); err != nil {
		t.Fatal(err)
	}
	out, err := need.Command(python, "-c", `import os, sys, zmq.auth
os.umask(0o077)
for k in zmq.auth.load_certificate(sys.argv[1]): print(k.decode())
_, secret = zmq.auth.create_certificates(sys.argv[2], "theirs", {"owner": "someone"})
for k in zmq.auth.load_certificate(secret): print(k.decode())`, ours, directory).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	printed := strings.Fields(string(out))
	if printed[0] != key.Public().String() || printed[1] != key.Z85() {
		t.Errorf("pyzmq reads our file as %q", printed[:2])
	}
	theirs, err := ReadKeyFile(filepath.Join(directory, "theirs.key_secret"))
	if err != nil || theirs.Public().String() != printed[2] || theirs.Z85() != printed[3] {
		t.Errorf("their file: %v", err)
	}
}

func FuzzKeyFile(f *testing.F) {
	key := zmtp.GenerateKey()
	f.Add("curve\n public-key = \"" + key.Public().String() + "\"\n secret-key = '" + key.Z85() + "'\r\n")
	f.Add("secret-key=")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKeyFile(text)
		if (err == nil) == (key == zmtp.SecretKey{}) {
			t.Errorf("key and error, or none: %v", err)
		}
		if err == nil && !strings.Contains(text, key.Z85()) {
			t.Error("a key that is not in the file")
		}
	})
}

func TestKeyThatSystemdHandsIn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := WriteKeyFile(path, zmtp.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode        fs.FileMode
		credentials string
		ok          bool
	}{
		{0o440, dir, true}, {0o400, dir, true}, {0o440, "", false}, {0o440, filepath.Dir(dir), false}, {0o444, dir, false}, {0o460, dir, false},
	} {
		t.Setenv("CREDENTIALS_DIRECTORY", c.credentials)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeyFile(path); (err == nil) != c.ok {
			t.Errorf("mode %o with CREDENTIALS_DIRECTORY=%q: %v", c.mode, c.credentials, err)
		}
	}
}

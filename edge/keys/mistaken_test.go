package keys

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/zmtp"
)

// mistakes are files of every kind, by name.
func mistakes() map[string]string {
	key := zmtp.GenerateKey()
	return map[string]string{
		"pair.key":     fmt.Sprintf("# trawl key pair\n\ncurve\n    public-key = %q\n    secret-key = %q\n", key.Public(), key.Z85()),
		"half.pub":     key.Public().String() + "\n",
		"bom.pub":      "\ufeff" + key.Public().String() + "\r\n",
		"czmq.pub":     fmt.Sprintf("metadata\ncurve\n    public-key = %q\n", key.Public()),
		"allowed.keys": fmt.Sprintf("# who may come in\n%s client me\n", key.Public()),
		"id_ed25519":   "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n",
		"id.pub":       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ann@pc\n",
		"trawl.yaml":   "# settings\nbroker:\n  clients: tcp://*:5555\n",
		"rules.pack":   "pack\x00\x01\x02",
		"words":        "he\nshe\n",
	}
}

// Whatever is named in place of the right file, the error says what it is and which
// file is wanted, says nothing of rights, and repeats no key.
func TestFilesTakenForOneAnother(t *testing.T) {
	dir, files := t.TempDir(), mistakes()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	pair := func(path string) error { _, err := ReadKeyFile(path); return err }
	public := func(path string) error { _, err := ReadPublicKey(path); return err }
	allowed := func(path string) error { _, err := OpenSet(path); return err }
	for _, c := range []struct {
		name string
		read func(string) error
		says string // empty: it is taken
	}{
		{"half.pub", pair, "others get: name the pair itself, the file " + filepath.Join(dir, "half.key")},
		{"bom.pub", pair, filepath.Join(dir, "bom.key")},
		{"czmq.pub", pair, "without a secret key"},
		{"allowed.keys", pair, "a list of allowed keys and no key pair"},
		{"id_ed25519", pair, "another program (SSH"},
		{"trawl.yaml", pair, "a YAML file"},
		{"rules.pack", pair, "a binary file"},
		{"words", pair, "no line with secret-key"},
		{"pair.key", pair, "chmod 600"},

		{"half.pub", public, ""},
		{"bom.pub", public, ""},
		{"pair.key", public, "secret half stays on its own board: name the public half, the file " + filepath.Join(dir, "pair.pub")},
		{"czmq.pub", public, "40 characters behind public-key"},
		{"allowed.keys", public, "a list of allowed keys and no public key"},
		{"id.pub", public, "another program (SSH"},
		{"trawl.yaml", public, "a YAML file"},
		{"words", public, "something else"},
		{"none", public, "neither 40 characters of Z85 nor a file"},

		{"allowed.keys", allowed, ""},
		{"half.pub", allowed, "one public key without a role"},
		{"pair.key", allowed, "a key pair"},
		{"trawl.yaml", allowed, "a YAML file"},
		{"id_ed25519", allowed, "another program (SSH"},
		{"words", allowed, ":1: "},
	} {
		path := filepath.Join(dir, c.name)
		err := c.read(path)
		switch {
		case (c.says == "") != (err == nil), err != nil && !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		case err != nil && c.says != "chmod 600" && strings.Contains(err.Error(), "chmod"):
			t.Errorf("%s: advice about rights: %v", c.name, err)
		case err != nil && strings.Contains(err.Error(), strings.TrimSpace(files["half.pub"])):
			t.Errorf("%s: the error repeats a key: %v", c.name, err)
		}
	}
}

// The key itself in place of its file must not get into a log: it may be the secret one.
func TestKeyGivenInPlaceOfItsFileIsNotRepeated(t *testing.T) {
	secret := zmtp.GenerateKey().Z85()
	_, pair := ReadKeyFile(secret)
	_, allowed := OpenSet(secret)
	for _, err := range []error{pair, allowed} {
		if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "in place of a file") {
			t.Errorf("%v", err)
		}
	}
}

func FuzzKindOf(f *testing.F) {
	for _, text := range mistakes() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind := KindOf(text)
		if _, err := parseKeyFile(text); err == nil && kind != Pair && kind != Binary && kind != Foreign {
			t.Errorf("a key pair is taken for %v", kind)
		}
	})
}

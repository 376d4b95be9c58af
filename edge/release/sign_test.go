package release_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trawl/edge/board"
	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
	"trawl/test/need"
)

// passphrase is not to be asked for.
func noPassphrase(t *testing.T) func() (string, error) {
	return func() (string, error) {
		t.Error("a passphrase is asked for")
		return "", nil
	}
}

func minisign(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("minisign", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("minisign %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The same key signs and is verified by Debian's minisign and by this package, both ways.
func TestMinisignReadsWhatWeSign(t *testing.T) {
	need.Program(t, "minisign", "minisign")
	dir := t.TempDir()
	id, public, err := release.GenerateKey(filepath.Join(dir, "rules"), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	key, err := release.ReadSecretKey(filepath.Join(dir, "rules.sec"), noPassphrase(t), 0)
	if err != nil || key.ID() != id {
		t.Fatalf("key %s is read as %s: %v", id, key.ID(), err)
	}
	r := releasetest.Small(t, &key, "pii", 8, 1)
	write(t, filepath.Join(dir, "document"), r.Bytes)
	write(t, filepath.Join(dir, "document.minisig"), r.Signature)
	for _, with := range [][]string{{"-p", "rules.pub"}, {"-P", public}} {
		if out := minisign(t, dir, append([]string{"-V", "-m", "document"}, with...)...); !strings.Contains(out, "Trusted comment: trawl release 8 of pii") {
			t.Errorf("%s", out)
		}
	}
	// minisign signs with our key, too.
	minisign(t, dir, "-S", "-s", "rules.sec", "-m", "document", "-x", "other.minisig", "-t", "by hand")
	again, err := release.Parse(r.Bytes, read(t, filepath.Join(dir, "other.minisig")))
	if err != nil {
		t.Fatal(err)
	}
	if signer, err := releasetest.Trust(t, public).Verify(again); err != nil || signer != id {
		t.Errorf("signed by %s: %v", signer, err)
	}
}

func TestWeReadWhatMinisignSigns(t *testing.T) {
	need.Program(t, "minisign", "minisign")
	dir := t.TempDir()
	minisign(t, dir, "-G", "-W", "-p", "a.pub", "-s", "a.sec")
	if err := os.Chmod(filepath.Join(dir, "a.sec"), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := releasetest.Trust(t, string(read(t, filepath.Join(dir, "a.pub"))))
	key, err := release.ReadSecretKey(filepath.Join(dir, "a.sec"), noPassphrase(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Verify(releasetest.Small(t, &key, "pii", 8, 1).Release); err != nil {
		t.Errorf("signed with minisign's key: %v", err)
	}
	r := releasetest.Small(t, nil, "pii", 8, 1)
	write(t, filepath.Join(dir, "document"), r.Bytes)
	minisign(t, dir, "-S", "-s", "a.sec", "-m", "document", "-c", "anything \x1b[31m", "-t", "anything else")
	signed, err := release.Parse(r.Bytes, read(t, filepath.Join(dir, "document.minisig")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Verify(signed); err != nil {
		t.Error(err)
	}
	if bytes.Contains(signed.Signature, []byte("\x1b")) {
		t.Error("the untrusted comment is passed on")
	}
	minisign(t, dir, "-S", "-l", "-s", "a.sec", "-m", "document")
	if _, err := release.Parse(r.Bytes, read(t, filepath.Join(dir, "document.minisig"))); err == nil || !strings.Contains(err.Error(), "old kind") {
		t.Errorf("a signature of the old kind: %v", err)
	}
}

// A passphrase takes 1 GB, which not every machine has.
func TestPassphrase(t *testing.T) {
	if testing.Short() || release.UnderRace {
		t.Skip("a passphrase takes 1 GB of memory, and a minute with the race detector")
	}
	const others = 1 << 30 // bytes that tests beside this one may take
	if err := release.CheckPassphraseMemory(max(1, board.ReadHealth().Available-others)); err != nil {
		t.Skip(err)
	}
	name := filepath.Join(t.TempDir(), "rules")
	if _, _, err := release.GenerateKey(name, "correct horse", 0); err != nil {
		t.Fatal(err)
	}
	say := func(words string) func() (string, error) { return func() (string, error) { return words, nil } }
	if _, err := release.ReadSecretKey(name+".sec", say("wrong horse"), 0); err == nil || !strings.Contains(err.Error(), "passphrase is wrong") {
		t.Errorf("a wrong passphrase: %v", err)
	}
	key, err := release.ReadSecretKey(name+".sec", say("correct horse"), 0)
	if err != nil {
		t.Fatal(err)
	}
	r := releasetest.Small(t, &key, "pii", 8, 1)
	if _, err := releasetest.Trust(t, string(read(t, name+".pub"))).Verify(r.Release); err != nil {
		t.Error(err)
	}
	if _, err := release.ReadSecretKey(name+".sec", say("correct horse"), 900e6); err == nil || !strings.Contains(err.Error(), "900 MB are free: do this on a PC") {
		t.Errorf("with too little memory: %v", err)
	}
	errNone := errors.New("no terminal")
	if _, err := release.ReadSecretKey(name+".sec", func() (string, error) { return "", errNone }, 0); !errors.Is(err, errNone) {
		t.Errorf("without a passphrase: %v", err)
	}
}

func TestKeyFilesAreNotReplacedAndNotForOthers(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules")
	if _, _, err := release.GenerateKey(name, "", 0); err != nil {
		t.Fatal(err)
	}
	before := read(t, name+".sec")
	if _, _, err := release.GenerateKey(name, "", 0); !errors.Is(err, fs.ErrExist) || !bytes.Equal(read(t, name+".sec"), before) {
		t.Errorf("made again: %v", err)
	}
	os.Remove(name + ".sec")
	if _, _, err := release.GenerateKey(name, "", 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("with the public half there: %v", err)
	}
	if _, err := os.Stat(name + ".sec"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret key whose public half is another's: %v", err)
	}
	write(t, name+".sec", before)
	if info, err := os.Stat(name + ".sec"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, _, err := release.GenerateKey(filepath.Join(name, "no", "folder"), "", 0); err == nil || !strings.Contains(err.Error(), "choose a folder") {
		t.Errorf("into nothing: %v", err)
	}
	os.Chmod(name+".sec", 0o640)
	for path, want := range map[string]string{
		name + ".sec": "chmod 600", name + ".pub": "name the secret half", name: "no such file", filepath.Dir(name): "directory",
	} {
		if _, err := release.ReadSecretKey(path, noPassphrase(t), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	write(t, name+".txt", []byte("untrusted comment: x\nAAAA secret words\n"))
	if _, err := release.ReadSecretKey(name+".txt", noPassphrase(t), 0); err == nil || strings.Contains(err.Error(), "words") {
		t.Errorf("something else: %v", err)
	}
}

// A bit that is changed in a signature makes the release one that is not trusted, or is in what
// is not signed and not kept.
func TestChangedSignatures(t *testing.T) {
	key, line := releasetest.Key(t)
	trust := releasetest.Trust(t, line)
	r := releasetest.Small(t, &key, "pii", 8, 1)
	same := 0
	for bit := range 8 * len(r.Signature) {
		changed := bytes.Clone(r.Signature)
		changed[bit/8] ^= 1 << (bit % 8)
		got, err := release.Parse(r.Bytes, changed)
		if err != nil {
			continue
		}
		if _, err := trust.Verify(got); err != nil {
			if !errors.Is(err, release.ErrUntrusted) {
				t.Errorf("bit %d: %v", bit, err)
			}
			continue
		}
		same++
		if !bytes.Equal(got.Signature, r.Signature) {
			t.Errorf("bit %d: another signature is taken, and kept", bit)
		}
	}
	if comment := 8 * len("signature of a release of trawl"); same > comment+16 {
		t.Errorf("%d bits mean nothing", same)
	}
	for bit := range 8 * len(r.Bytes) {
		changed := bytes.Clone(r.Bytes)
		changed[bit/8] ^= 1 << (bit % 8)
		if got, err := release.Parse(changed, r.Signature); err == nil {
			if _, err := trust.Verify(got); err == nil {
				t.Errorf("bit %d of the document is changed, and the release trusted", bit)
			}
		}
	}
}

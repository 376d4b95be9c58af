package release_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trawl/edge/release"
	"trawl/edge/release/internal/releasetest"
)

func TestWhoMaySignWhat(t *testing.T) {
	ann, annLine := releasetest.Key(t)
	bob, bobLine := releasetest.Key(t)
	eve, _ := releasetest.Key(t)
	for name, test := range map[string]struct {
		lines  []string
		key    *release.SecretKey
		set    string
		number uint64
		want   string // of the error; empty: trusted
	}{
		"one key":                      {[]string{annLine}, &ann, "pii", 8, ""},
		"one of two":                   {[]string{annLine, bobLine}, &bob, "pii", 8, ""},
		"another key":                  {[]string{annLine, bobLine}, &eve, "pii", 8, "key " + eve.ID() + " is not in the trust file"},
		"no key":                       {[]string{annLine}, nil, "pii", 8, "it is not signed"},
		"a set of its own":             {[]string{annLine + " sets=names,pii"}, &ann, "pii", 8, ""},
		"another's set":                {[]string{bobLine, annLine + " sets=names"}, &ann, "pii", 8, "may sign other rule sets only (line 2)"},
		"the first number":             {[]string{annLine + " from=8"}, &ann, "pii", 8, ""},
		"a number before":              {[]string{annLine + " from=8"}, &ann, "pii", 7, "is trusted from release 8 on (line 1)"},
		"a line for each set":          {[]string{annLine + " sets=pii from=9", annLine + " from=2 sets=names # for now"}, &ann, "names", 2, ""},
		"a line for each set, not yet": {[]string{annLine + " sets=pii from=9", annLine + " from=2 sets=names"}, &ann, "pii", 8, "from release 9 on (line 1)"},
	} {
		r := releasetest.Small(t, test.key, test.set, test.number, 1)
		signer, err := releasetest.Trust(t, test.lines...).Verify(r.Release)
		switch {
		case test.want == "":
			if err != nil || signer != test.key.ID() {
				t.Errorf("%s: signed by %s, %v", name, signer, err)
			}
		case !errors.Is(err, release.ErrUntrusted) || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, key := range map[string]*release.SecretKey{"signed": &eve, "not signed": nil} {
		if _, err := release.TrustAnything().Verify(releasetest.Small(t, key, "pii", 8, 1).Release); err != nil {
			t.Errorf("everything is trusted, %s: %v", what, err)
		}
	}
}

// A signature of another document is no signature.
func TestSignatureOfAnotherDocument(t *testing.T) {
	key, line := releasetest.Key(t)
	eight, nine := releasetest.Small(t, &key, "pii", 8, 1), releasetest.Small(t, &key, "pii", 9, 1)
	mixed, err := release.Parse(nine.Bytes, eight.Signature)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := releasetest.Trust(t, line).Verify(mixed); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("%v", err)
	}
	stripped, err := release.Parse(nine.Bytes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := releasetest.Trust(t, line).Verify(stripped); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("without its signature: %v", err)
	}
}

func TestTrustFilesWithMistakes(t *testing.T) {
	key, line := releasetest.Key(t)
	_, other := releasetest.Key(t)
	name := filepath.Join(t.TempDir(), "k")
	if _, _, err := release.GenerateKey(name, "", 0); err != nil {
		t.Fatal(err)
	}
	secret := string(read(t, name+".sec"))
	for what, test := range map[string]struct{ text, want string }{
		"nothing":                 {"", "holds no key"},
		"comments":                {"# none\n\n#" + line + "\n", "holds no key"},
		"a word":                  {"hello\n", "trust:1: the line must begin with a public key"},
		"another format":          {line[1:] + "\n", "trust:1: the line must begin with a public key"},
		"a secret key":            {secret, "trust:2: a secret key (it is not repeated here)"},
		"an unknown word":         {line + " role=admin\n", `"role=admin" is not understood`},
		"a name":                  {line + " ann\n", `"ann" is not understood`},
		"from twice":              {line + " from=1 from=2\n", "not understood"},
		"from nothing":            {line + " from=\n", "from=: the number of a release"},
		"from 0":                  {line + " from=0\n", "from=0: the number"},
		"from below 0":            {line + " from=-1\n", "from=-1: the number"},
		"a set in capitals":       {line + " sets=PII\n", "sets="},
		"no set":                  {line + " sets=\n", "sets="},
		"a set twice":             {line + " sets=a,a\n", "a is there twice"},
		"a key twice":             {line + "\n" + other + "\n" + line + " from=9\n", "trust:3: the key is already in line 1"},
		"a key twice for a set":   {line + " sets=a,b\n" + line + " sets=b,c\n", "trust:2: the key is already in line 1 for b"},
		"several mistakes":        {"x\n" + line + "\ny\n", "trust:3: "},
		"very many mistakes":      {strings.Repeat("x\n", 10_000), "trust:20: "},
		"more than is read":       {strings.Repeat("#\n", 100_000), "at most"},
		"more keys than are kept": {manyKeys(), "the line must begin"},
	} {
		_, err := release.ParseTrust("trust", test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if len(err.Error()) > 10_000 || strings.Contains(err.Error(), strings.Split(secret, "\n")[1]) {
			t.Errorf("%s: an error that says too much: %v", what, err)
		}
	}
	_ = key
}

func manyKeys() string { return strings.Repeat("RWQ\n", 300) }

func TestTrustFilesOfOthers(t *testing.T) {
	dir := t.TempDir()
	var both, secrets string
	for _, name := range []string{"a", "b"} {
		if _, _, err := release.GenerateKey(filepath.Join(dir, name), "", 0); err != nil {
			t.Fatal(err)
		}
		both += string(read(t, filepath.Join(dir, name+".pub")))
		secrets += name
	}
	for what, text := range map[string]string{"two files .pub": both, "Windows": "\ufeff" + strings.ReplaceAll(both, "\n", "\r\n")} {
		trust, err := release.ParseTrust("trust", text)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, name := range []string{"a", "b"} {
			key, err := release.ReadSecretKey(filepath.Join(dir, name+".sec"), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := trust.Verify(releasetest.Small(t, &key, "pii", 1, 1).Release); err != nil {
				t.Errorf("%s, key %s: %v", what, name, err)
			}
		}
	}
}

func TestTrustFollowsItsFile(t *testing.T) {
	ann, annLine := releasetest.Key(t)
	bob, bobLine := releasetest.Key(t)
	path := filepath.Join(t.TempDir(), "rules.pub")
	if _, err := release.OpenTrust(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	write(t, path, []byte(annLine))
	f, err := release.OpenTrust(path)
	if err != nil || f.Changed() || f.Changed() {
		t.Fatalf("at first: %v", err)
	}
	check := func(when string, a, b bool) {
		t.Helper()
		for key, want := range map[*release.SecretKey]bool{&ann: a, &bob: b} {
			if _, err := f.Trust().Verify(releasetest.Small(t, key, "pii", 1, 1).Release); (err == nil) != want {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	check("at first", true, false)
	write(t, path, []byte(bobLine))
	os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
	if f.Changed() {
		t.Error("seen once, it may be half a file")
	}
	if !f.Changed() {
		t.Error("not noticed")
	}
	check("before it is read", true, false)
	if err := f.Reload(); err != nil || f.Changed() || f.Changed() {
		t.Fatal(err)
	}
	check("afterwards", false, true)
	for what, spoil := range map[string]func(){
		"wrong": func() { write(t, path, []byte(annLine+"\nx\n")) },
		"empty": func() { write(t, path, nil) },
		"huge":  func() { write(t, path, make([]byte, 1<<20)) },
		"gone":  func() { os.Remove(path) },
	} {
		spoil()
		if err := f.Reload(); err == nil {
			t.Errorf("%s: read", what)
		}
		check(what, false, true)
	}
	fixed := release.FixedTrust(release.TrustAnything())
	if fixed.Reload() != nil || fixed.Changed() {
		t.Error("a trust without a file changes")
	}
}

func FuzzTrust(f *testing.F) {
	key, line := releasetest.Key(f)
	f.Add(line + " sets=pii from=3 # x\n")
	f.Add("untrusted comment: x\n" + line)
	f.Add("nonsense\n" + line)
	r := releasetest.Small(f, &key, "pii", 3, 1)
	f.Fuzz(func(t *testing.T, text string) {
		trust, err := release.ParseTrust("trust", text)
		if err != nil {
			if trust != nil || err.Error() == "" {
				t.Error("keys and an error")
			}
			return
		}
		if _, err := trust.Verify(r.Release); err == nil && !strings.Contains(text, line) {
			t.Errorf("%q trusts a key that is not in it", text)
		}
	})
}

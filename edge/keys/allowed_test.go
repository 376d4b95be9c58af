package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trawl/edge/problem"
	"trawl/edge/zmtp"
)

var k1, k2 = zmtp.GenerateKey().Public(), zmtp.GenerateKey().Public()

// The first word of a line is a key or a comment, never both.
func TestNoKeyBeginsWithHash(t *testing.T) {
	for _, rest := range []string{"0000", "####"} {
		if _, err := zmtp.DecodeZ85("#" + rest); err == nil {
			t.Errorf("#%s is Z85", rest)
		}
	}
}

func TestAllowedKeys(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []Entry
	}{
		"empty":              {"", nil},
		"comments and space": {"# none yet\n\n   \n#\n  # " + k1.String() + " client\n", nil},
		"no name":            {k1.String() + " worker", []Entry{{k1, Worker, "", 1}}},
		"names":              {k1.String() + " client the  log shipper \n" + k2.String() + "\tadmin\tküche", []Entry{{k1, Client, "the log shipper", 1}, {k2, Admin, "küche", 2}}},
		"comment behind":     {k1.String() + " client attic # since May\n" + k2.String() + " client # x", []Entry{{k1, Client, "attic", 1}, {k2, Client, "", 2}}},
		"key commented out":  {"#" + k1.String() + " client attic", nil},
		"Windows":            {"\ufeff" + k1.String() + " client\r\n\r\n" + k2.String() + " worker w\r\n", []Entry{{k1, Client, "", 1}, {k2, Worker, "w", 3}}},
	} {
		got, err := ParseAllowed("f", test.text)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, test.want)
		}
	}
}

func TestAllProblemsAreNamedWithTheirLines(t *testing.T) {
	text := strings.Join([]string{
		k1.String() + " client",
		"nonsense",
		k2.String(),
		"",
		k2.String() + " boss",
		k1.String() + " worker",
		"~" + k2.String()[1:] + " client",
		k2.String() + " client " + strings.Repeat("x", maxName+1),
		k2.String() + " client \xff",
	}, "\n")
	entries, err := ParseAllowed("allowed.keys", text)
	var problems problem.List
	if entries != nil || !errors.As(err, &problems) {
		t.Fatalf("%v, %v", entries, err)
	}
	want := []string{
		"allowed.keys:2: the line must begin with a public key", "allowed.keys:3: a role is missing", `allowed.keys:5: unknown role "boss": use client, worker or admin`,
		"allowed.keys:6: the key is already in line 1", "allowed.keys:7: the line must begin", "allowed.keys:8: the name must be text", "allowed.keys:9: the name must be text",
	}
	got := strings.Split(err.Error(), "\n")
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("problems:\n%v", err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, err := ParseAllowed("f", strings.Repeat("nonsense\n", 1_000))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 101 || lines[100] != "and 900 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestSetFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowed.keys")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenSet(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	write(k1.String() + " client attic")
	s, err := OpenSet(path)
	if err != nil {
		t.Fatal(err)
	}
	admit := s.Authorizer(Client, Admin)
	check := func(when string, first, second bool) {
		t.Helper()
		for key, want := range map[zmtp.PublicKey]bool{k1: first, k2: second} {
			if user, ok := admit(key); ok != want || user != key.String() && (ok || !strings.Contains(user, "is for the roles client and admin")) {
				t.Errorf("%s: admits %s as %q: %v", when, key, user, ok)
			}
		}
	}
	check("at first", true, false)
	if e, ok := s.Lookup(k1); !ok || e != (Entry{k1, Client, "attic", 1}) || s.Len() != 1 {
		t.Errorf("Lookup: %v, %v", e, ok)
	}
	write(k2.String() + " admin\n" + k1.String() + " worker")
	check("before Reload", true, false)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	check("after Reload", false, true)
	for what, spoil := range map[string]func(){
		"wrong": func() { write(k1.String() + " client\nnonsense") },
		"huge":  func() { write(strings.Repeat("#\n", maxAllowed)) },
		"gone":  func() { os.Remove(path) },
	} {
		spoil()
		if err := s.Reload(); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
		check("with a bad file", false, true)
	}
}

// A key that is taken back is out, however alike the files are.
func TestSetNoticesAnotherFile(t *testing.T) {
	folder, long := t.TempDir(), time.Unix(1, 0)
	path := filepath.Join(folder, "allowed.keys")
	put := func(at string, key zmtp.PublicKey) {
		t.Helper()
		if err := errors.Join(os.WriteFile(at, []byte(key.String()+" client"), 0o600), os.Chtimes(at, long, long)); err != nil {
			t.Fatal(err)
		}
	}
	put(path, k1)
	s, err := OpenSet(path)
	if err != nil || s.Changed() || s.Changed() {
		t.Fatalf("at first: %v", err)
	}
	for what, replace := range map[string]func(zmtp.PublicKey){
		"in place":  func(k zmtp.PublicKey) { put(path, k) },
		"by rename": func(k zmtp.PublicKey) { put(path+".new", k); os.Rename(path+".new", path) },
		"made anew": func(k zmtp.PublicKey) { os.Remove(path); put(path, k) },
	} {
		for _, key := range []zmtp.PublicKey{k2, k1} {
			replace(key)
			if s.Changed() {
				t.Errorf("%s: seen once, it may be half a file", what)
			}
			if !s.Changed() {
				t.Errorf("%s: not noticed", what)
			}
			if err := s.Reload(); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Lookup(key); !ok || s.Changed() || s.Changed() {
				t.Errorf("%s: not read", what)
			}
		}
	}
}

func FuzzAllowed(f *testing.F) {
	f.Add(k1.String() + " client attic # comment\n# " + k2.String() + "\n" + k2.String() + " worker\r\n")
	f.Add("nonsense\n" + k1.String())
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := ParseAllowed("f", text)
		if err != nil {
			if entries != nil {
				t.Error("entries and an error")
			}
			return
		}
		var written strings.Builder
		for _, e := range entries {
			fmt.Fprintf(&written, "%s %s %s\n", e.Key, e.Role, e.Name)
		}
		again, err := ParseAllowed("f", written.String())
		if err != nil || len(again) != len(entries) {
			t.Fatalf("written again: %v", err)
		}
		for i := range again {
			again[i].Line = entries[i].Line
		}
		if !slices.Equal(again, entries) {
			t.Errorf("%v, written and read again %v", entries, again)
		}
	})
}

package rules

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/edge/match"
	"trawl/edge/problem"
)

// storeTest is a state folder, rules, and the log of the stores over it.
type storeTest struct {
	t     *testing.T
	state string
	words string
	log   bytes.Buffer
}

func newStoreTest(t *testing.T) *storeTest {
	s := &storeTest{t: t, state: filepath.Join(t.TempDir(), "state"), words: filepath.Join(t.TempDir(), "words.txt")}
	s.write(s.words, "he\nshe\n")
	return s
}

func (s *storeTest) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// store is one more process on the board.
func (s *storeTest) store() *Store {
	st := NewStore(s.state, "test", slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s.t.Cleanup(func() {
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return st
}

// open opens paths and returns the pack, and whether something was compiled.
func (s *storeTest) open(st *Store, o Options, paths ...string) (p *match.Pack, compiled bool) {
	s.t.Helper()
	before := strings.Count(s.log.String(), "rules compiled")
	p, _, err := st.Open(paths, o)
	if err != nil {
		s.t.Fatal(err)
	}
	if r := p.Scan(&match.Scratch{}, []byte("he"), match.Query{}); len(r.Matches) != 1 {
		s.t.Errorf("found %v", r.Matches)
	}
	return p, strings.Count(s.log.String(), "rules compiled") > before
}

// files lists the folder, by kind.
func (s *storeTest) files(suffix string) []string {
	s.t.Helper()
	list, err := filepath.Glob(filepath.Join(s.state, "packs", "*"+suffix))
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func TestStoreCompilesOnce(t *testing.T) {
	s := newStoreTest(t)
	first, compiled := s.open(s.store(), Options{Name: "a"}, s.words)
	if !compiled {
		t.Fatalf("not compiled: %s", s.log.String())
	}
	if want := []string{filepath.Join(s.state, "packs", first.Hash()+".pack")}; !slices.Equal(s.files(".pack"), want) {
		t.Errorf("folder holds %v", s.files(""))
	}
	second, compiled := s.open(s.store(), Options{Name: "a"}, s.words)
	if compiled || second.Hash() != first.Hash() {
		t.Errorf("compiled again: %s", s.log.String())
	}
	// What is in the files counts, and how they are read, not when they were written.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(s.words, later, later); err != nil {
		t.Fatal(err)
	}
	if _, compiled = s.open(s.store(), Options{Name: "a"}, s.words); compiled {
		t.Error("compiled again for another time stamp")
	}
	if _, compiled = s.open(s.store(), Options{Name: "b"}, s.words); !compiled {
		t.Error("not compiled for another name")
	}
	s.write(s.words, "he\nshell\n")
	if _, compiled = s.open(s.store(), Options{Name: "a"}, s.words); !compiled {
		t.Error("not compiled for other words")
	}
	old := NewStore(s.state, "another program", slog.New(slog.DiscardHandler))
	defer old.Close()
	if key := old.key([]string{s.words}, Options{Name: "a"}); old.packOf(key) != "" {
		t.Error("the pack of another program's version is used")
	}
	if tmp := s.files(".tmp"); len(tmp) > 0 {
		t.Errorf("left behind: %v", tmp)
	}
}

// The same bytes as a rule file and as a word list are other rules.
func TestStoreKeyKnowsKinds(t *testing.T) {
	s := newStoreTest(t)
	text := "rules:\n- literal: he\n"
	yaml, list := filepath.Join(t.TempDir(), "a.yaml"), filepath.Join(t.TempDir(), "a.txt")
	s.write(yaml, text)
	s.write(list, text)
	st := s.store()
	if st.key([]string{yaml}, Options{}) == st.key([]string{list}, Options{}) {
		t.Error("one key for both")
	}
	l := newLoader(Options{})
	l.wantKey, l.key = true, newKey("test", Options{})
	if err := l.load([]string{yaml, list}); err != nil || l.key.String() != st.key([]string{yaml, list}, Options{}) {
		t.Errorf("what was read has another key than what is there: %v", err)
	}
}

func TestStoreKeepsACopyOfPacks(t *testing.T) {
	s := newStoreTest(t)
	pack, _, err := Compile([]string{s.words}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if _, err := pack.WriteTo(&data); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.pack")
	s.write(path, data.String())
	st := s.store()
	p, _ := s.open(st, Options{}, path)
	if len(s.files(p.Hash()+".pack")) != 1 {
		t.Errorf("folder holds %v", s.files(""))
	}
	// The file it came from may change under it.
	s.write(path, strings.Repeat("x", data.Len()/2))
	if r := p.Scan(&match.Scratch{}, []byte("he"), match.Query{}); len(r.Matches) != 1 {
		t.Errorf("found %v", r.Matches)
	}
	// A pack with a wrong hash is not let in.
	damaged := bytes.Clone(data.Bytes())
	damaged[40] ^= 1
	s.write(path, string(damaged))
	if _, _, err := st.Open([]string{path}, Options{}); err == nil || !strings.Contains(err.Error(), "not a usable pack") {
		t.Errorf("damaged pack: %v", err)
	}
	if n := len(s.files(".pack")); n != 1 {
		t.Errorf("%d packs in the folder", n)
	}
	if _, _, err := st.Open([]string{path, s.words}, Options{}); err == nil {
		t.Error("a pack together with words")
	}
}

func TestStoreMakesDamagedFilesAgain(t *testing.T) {
	for name, damage := range map[string]func(s *storeTest, pack, key string){
		"a flipped bit": func(s *storeTest, pack, _ string) {
			data, _ := os.ReadFile(pack)
			data[len(data)/2] ^= 1
			s.write(pack, string(data))
		},
		"cut short":        func(s *storeTest, pack, _ string) { os.Truncate(pack, 100) },
		"empty":            func(s *storeTest, pack, _ string) { os.Truncate(pack, 0) },
		"no pack":          func(s *storeTest, pack, _ string) { s.write(pack, "words\n") },
		"gone":             func(s *storeTest, pack, _ string) { os.Remove(pack) },
		"a note of noise":  func(s *storeTest, _, key string) { s.write(key, "../../etc/passwd") },
		"a note about air": func(s *storeTest, _, key string) { s.write(key, strings.Repeat("0", 64)+"\n") },
		"another pack": func(s *storeTest, pack, _ string) {
			other, _, _ := Compile([]string{s.words}, Options{Name: "other"})
			var data bytes.Buffer
			other.WriteTo(&data)
			s.write(pack, data.String())
		},
		"a pipe": func(s *storeTest, pack, _ string) {
			os.Remove(pack)
			syscall.Mkfifo(pack, 0o600)
		},
		"a note that is a pipe": func(s *storeTest, _, key string) {
			os.Remove(key)
			syscall.Mkfifo(key, 0o600)
		},
		"a huge note": func(s *storeTest, _, key string) { os.Truncate(key, 1<<40) },
		"huge":        func(s *storeTest, pack, _ string) { os.Truncate(pack, 1<<40) },
		"a folder": func(s *storeTest, pack, _ string) {
			os.Remove(pack)
			os.Mkdir(pack, 0o700)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStoreTest(t)
			st := s.store()
			p, _ := s.open(st, Options{}, s.words)
			hash := p.Hash()
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			damage(s, s.files(".pack")[0], s.files(".src")[0])
			p, compiled := s.open(s.store(), Options{}, s.words)
			if !compiled || p.Hash() != hash {
				t.Errorf("not made again: %s", s.log.String())
			}
			if quiet := name == "gone" || name == "a note about air"; !quiet && !strings.Contains(s.log.String(), "WARN") {
				t.Errorf("nothing said: %s", s.log.String())
			}
			if _, compiled = s.open(s.store(), Options{}, s.words); compiled {
				t.Errorf("made again twice: %s", s.log.String())
			}
		})
	}
}

// Where nothing can be kept all goes on from memory, and is said once.
func TestStoreWithoutAFolder(t *testing.T) {
	s := newStoreTest(t)
	file := filepath.Join(t.TempDir(), "file")
	s.write(file, "")
	for _, state := range []string{"", file, filepath.Join(file, "state")} {
		s.state = state
		s.log.Reset()
		st := s.store()
		s.open(st, Options{Name: "a"}, s.words)
		s.open(st, Options{Name: "b"}, s.words)
		pack := filepath.Join(t.TempDir(), "a.pack")
		f, err := os.Create(pack)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := CompileTo(f, []string{s.words}, Options{}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		s.open(st, Options{}, pack)
		st.Clean()
		if n := strings.Count(s.log.String(), "worker.state_dir"); n != 1 {
			t.Errorf("state folder %q: told %d times: %s", state, n, s.log.String())
		}
	}
}

func TestStoreReportsWrongRules(t *testing.T) {
	s := newStoreTest(t)
	s.write(s.words, "he\x00\n")
	var problems problem.List
	if _, _, err := s.store().Open([]string{s.words, "missing.yaml"}, Options{}); !errors.As(err, &problems) || len(problems) != 2 {
		t.Error(err)
	}
	if list := s.files(""); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
	s.write(s.words, "he\n")
	if _, _, err := s.store().Open([]string{s.words}, Options{Budget: 1}); !errors.Is(err, match.ErrBudget) {
		t.Error(err)
	}
	if list := s.files(""); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
}

func TestStoreCleansUp(t *testing.T) {
	s := newStoreTest(t)
	users := s.store()
	var hashes []string
	for i := range 8 {
		st := users // of the oldest two
		if i >= 2 {
			st = NewStore(s.state, "test", slog.New(slog.DiscardHandler))
		}
		p, _, err := st.Open([]string{s.words}, Options{Name: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, p.Hash())
		at := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(users.packPath(p.Hash()), at, at); err != nil {
			t.Fatal(err)
		}
		if st != users {
			st.Close()
		}
	}
	folder := filepath.Join(s.state, "packs")
	old, fresh := filepath.Join(folder, "1.tmp"), filepath.Join(folder, "2.tmp")
	s.write(old, "x")
	s.write(fresh, "x")
	s.write(filepath.Join(folder, "README"), "not ours")
	before := time.Now().Add(-2 * tempAge)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	s.store().Clean()
	want := []string{"2.tmp", "README"}
	for i, hash := range hashes {
		if i < 2 || i >= len(hashes)-maxUnused {
			want = append(want, hash+".pack", hash+calibrationSuffix)
		}
	}
	var got []string
	for _, path := range s.files("") {
		if filepath.Ext(path) != ".src" {
			got = append(got, filepath.Base(path))
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("left: %v\nwant: %v", got, want)
	}
	if n := len(s.files(".src")); n != 2+maxUnused {
		t.Errorf("%d notes left", n)
	}
	// A pack in use can be opened by the next process as well.
	if _, compiled := s.open(s.store(), Options{Name: "0"}, s.words); compiled {
		t.Error("compiled again")
	}
}

// A file that is cut short while it is being opened is an error, no crash.
func TestStoreFaults(t *testing.T) {
	s := newStoreTest(t)
	st := s.store()
	p, _ := s.open(st, Options{}, s.words)
	if err := os.Truncate(st.packPath(p.Hash()), 0); err != nil {
		t.Fatal(err)
	}
	q, compiled := s.open(st, Options{}, s.words)
	if !compiled || q.Hash() != p.Hash() || !strings.Contains(s.log.String(), "damaged") {
		t.Errorf("not made again: %s", s.log.String())
	}
}

//go:build unix

package rules

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/edge/match"
)

func TestStampChangesWithTheFiles(t *testing.T) {
	dir := t.TempDir()
	list, folder := filepath.Join(dir, "words.txt"), filepath.Join(dir, "rules")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put(list, "one")
	must(os.Mkdir(folder, 0o700))
	put(filepath.Join(folder, "a.yaml"), "rules: []")
	paths := []string{list, folder}
	old := time.Unix(1_000_000, 0)
	must(os.Chtimes(list, old, old))
	last := Fingerprint(paths)
	step := func(what string, changes bool, do func()) {
		t.Helper()
		do()
		now := Fingerprint(paths)
		if (now != last) != changes {
			t.Errorf("%s: changes %v, want %v:\n%s", what, now != last, changes, now)
		}
		last = now
	}
	step("nothing", false, func() {})
	step("a longer file of the same time", true, func() { put(list, "two and three"); must(os.Chtimes(list, old, old)) })
	step("another time", true, func() { must(os.Chtimes(list, old, old.Add(time.Nanosecond*1000))) })
	step("another file of the same size and time", true, func() {
		put(list+".new", "six and seven")
		must(os.Chtimes(list+".new", old, old.Add(time.Nanosecond*1000)))
		must(os.Rename(list+".new", list))
	})
	step("other content of the same size and time", true, func() {
		put(list, "ten and twelve"[:13])
		must(os.Chtimes(list, old, old.Add(time.Nanosecond*1000)))
	})
	step("a rule file more", true, func() { put(filepath.Join(folder, "b.yml"), "rules: []") })
	step("a file that is no rule file", false, func() { put(filepath.Join(folder, "README"), "x") })
	step("a rule file less", true, func() { must(os.Remove(filepath.Join(folder, "a.yaml"))) })
	step("no file", true, func() { must(os.Remove(list)) })
	step("still none", false, func() {})
	step("a folder that is gone", true, func() { must(os.RemoveAll(folder)) })
	step("a link", true, func() { put(filepath.Join(dir, "1"), "one"); must(os.Symlink("1", list)) })
	step("a link to another file", true, func() {
		put(filepath.Join(dir, "2"), "two")
		must(os.Remove(list))
		must(os.Symlink("2", list))
	})
}

func TestPipesAreNotReadAgain(t *testing.T) {
	dir := t.TempDir()
	pipe, list := filepath.Join(dir, "pipe"), filepath.Join(dir, "list")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckRereadable([]string{list, dir, filepath.Join(dir, "nowhere")}); err != nil {
		t.Errorf("%v", err)
	}
	if err := CheckRereadable([]string{list, pipe}); err == nil || !strings.Contains(err.Error(), pipe+": is no regular file") {
		t.Errorf("%v", err)
	}
	// Nor are they waited for at first, unless the shell has opened them.
	for what, err := range map[string]error{
		"Check": errorOf(Check([]string{pipe}, Options{})), "readFile": errorOf(readFile(pipe)), "a pack": errorOf(match.Open(pipe)), "its hash": errorOf(match.FileHash(pipe)),
	} {
		if err == nil || !strings.Contains(err.Error(), "named pipe") {
			t.Errorf("%s: %v", what, err)
		}
	}
	before := Fingerprint([]string{pipe})
	now := time.Now().Add(time.Hour)
	if err := os.Chtimes(pipe, now, now); err != nil {
		t.Fatal(err)
	}
	if Fingerprint([]string{pipe}) != before {
		t.Error("a pipe that was written to counts as changed")
	}
}

// Rules that change again and again do not fill the disk, and packs that are used
// no more are closed.
func TestStoreKeepsFewOfManyReloads(t *testing.T) {
	s := newStoreTest(t)
	st := s.store()
	p, _ := s.open(st, Options{}, s.words)
	for range 50 {
		s.write(s.words, "he\n"+strings.Repeat("x", 1+len(s.files(".pack")))+time.Now().Format(time.RFC3339Nano)+"\n")
		next, _ := s.open(st, Options{}, s.words)
		if err := st.Release(p); err != nil {
			t.Fatal(err)
		}
		st.Clean()
		p = next
	}
	if packs, notes, all := len(s.files(".pack")), len(s.files(".src")), len(s.files("")); packs > maxUnused+1 || notes > maxUnused+1 || all > 3*(maxUnused+1) {
		t.Errorf("%d packs, %d notes, %d files", packs, notes, all)
	}
	if len(st.opened) != 1 {
		t.Errorf("%d packs are open", len(st.opened))
	}
	if _, err := os.Stat(st.packPath(p.Hash())); err != nil {
		t.Error(err)
	}
	if r := p.Scan(p.NewScratch(), []byte("he"), match.Query{}); r.Count == 0 {
		t.Error("the pack in use finds nothing")
	}
}

func errorOf[T any](_ T, err error) error { return err }

// What a shell gives for <(command) is read once, all of it.
func TestRulesFromTheShell(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("no /dev/fd here")
	}
	for what, open := range map[string]func([]string) (int, error){
		"Compile": func(paths []string) (int, error) {
			p, _, err := Compile(paths, Options{})
			if err != nil {
				return 0, err
			}
			return p.NumRules(), nil
		},
		"a store": func(paths []string) (int, error) {
			s := NewStore(t.TempDir(), "test", slog.New(slog.DiscardHandler))
			t.Cleanup(func() { s.Close() })
			p, _, err := s.Open(paths, Options{})
			if err != nil {
				return 0, err
			}
			return p.NumRules(), nil
		},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			fmt.Fprintf(w, "word %d\n", i)
		}
		w.Close()
		if n, err := open([]string{fmt.Sprintf("/dev/fd/%d", r.Fd())}); n != 100 || err != nil {
			t.Errorf("%s: %d rules, %v", what, n, err)
		}
		r.Close()
	}
}

package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"testing"

	"trawl/edge/release/internal/disk"
	"trawl/edge/release/internal/disk/disktest"
)

// The file system in memory does what the system's does: tests that rely on the one hold for the other.
func TestBothFileSystemsDoTheSame(t *testing.T) {
	for seed := range 30 {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		memory, root := disktest.New(), t.TempDir()
		in := func(d disk.FS, path string) string {
			if d == memory {
				return path
			}
			return filepath.Join(root, path)
		}
		both := func(what string, f func(d disk.FS) string) {
			t.Helper()
			if a, b := f(memory), f(disk.OS{}); a != b {
				t.Fatalf("seed %d, %s: in memory %s, on the disk %s", seed, what, a, b)
			}
		}
		path := func() string { return fmt.Sprintf("/%c/%c", 'a'+random.IntN(2), 'x'+random.IntN(3)) }
		outcome := func(err error) string {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return "not there"
			case err != nil:
				return "fails"
			}
			return "done"
		}
		for range 60 {
			p, q := path(), path()
			data := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(2000))
			size := int64(random.IntN(1000))
			switch random.IntN(9) {
			case 0:
				both("write "+p, func(d disk.FS) string { return outcome(disk.WriteFile(d, in(d, p), data)) })
			case 1:
				both("make folder of "+p, func(d disk.FS) string { return outcome(d.MakeFolder(filepath.Dir(in(d, p)))) })
			case 2:
				both("remove "+p, func(d disk.FS) string { return outcome(d.Remove(in(d, p))) })
			case 3:
				if p != q {
					both("rename "+p+" to "+q, func(d disk.FS) string { return outcome(d.Rename(in(d, p), in(d, q))) })
				}
			case 4:
				both("sync "+p, func(d disk.FS) string { return outcome(d.SyncFolder(filepath.Dir(in(d, p)))) })
			case 5:
				both("extend "+p, func(d disk.FS) string {
					f, err := d.Extend(in(d, p))
					if err != nil {
						return outcome(err)
					}
					err = errors.Join(f.Truncate(size), second(f.Write(data)), f.Sync(), f.Close())
					return outcome(err)
				})
			default:
				both("read "+p, func(d disk.FS) string {
					f, err := d.Open(in(d, p))
					if err != nil {
						return outcome(err)
					}
					defer f.Close()
					size, _ := f.Size()
					all, err := io.ReadAll(f)
					part := make([]byte, 10)
					n, err2 := f.ReadAt(part, 5)
					return fmt.Sprintf("%d %x %v %x %v", size, all, err, part[:n], err2)
				})
			}
		}
		both("list", func(d disk.FS) string {
			var list []string
			for _, folder := range []string{"/a", "/b", "/none"} {
				entries, err := d.List(in(d, folder))
				if err != nil {
					return err.Error()
				}
				for _, e := range entries {
					list = append(list, fmt.Sprintf("%s/%s %d %v", folder, e.Name, e.Size, e.Folder))
				}
			}
			sort.Strings(list)
			return fmt.Sprint(list)
		})
	}
}

func second(_ int, err error) error { return err }

// After a power cut a file that was written whole holds the old or the new, and the new once
// that is promised.
func TestWrittenFilesSurvive(t *testing.T) {
	old, new := bytes.Repeat([]byte("o"), 3000), bytes.Repeat([]byte("n"), 5000)
	random := rand.New(rand.NewPCG(1, 1))
	saw := map[string]bool{}
	for cut := 1; cut < 12; cut++ {
		for range 50 {
			d := disktest.New()
			if err := errors.Join(d.MakeFolder("/a"), disk.WriteFile(d, "/a/f", old)); err != nil {
				t.Fatal(err)
			}
			d.FailAt(cut, disktest.ErrPowerCut)
			err := disk.WriteFile(d, "/a/f", new)
			got, _ := disk.ReadFile(d.Crash(random), "/a/f", 10_000)
			switch {
			case bytes.Equal(got, new):
				saw["new"] = true
			case bytes.Equal(got, old) && err != nil:
				saw["old"] = true
			default:
				t.Fatalf("cut at %d: %d bytes, %v", cut, len(got), err)
			}
		}
	}
	if !saw["old"] || !saw["new"] {
		t.Errorf("%v", saw)
	}
}

// What is not synced is lost, or half there: else the tests of the stores prove nothing.
func TestUnsyncedFilesAreLost(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	kinds := map[string]bool{}
	for range 200 {
		d := disktest.New()
		f, err := d.Create("/f")
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("x"), 3000)
		f.Write(data)
		got, err := disk.ReadFile(d.Crash(random), "/f", 10_000)
		switch {
		case err != nil:
			kinds["no name"] = true
		case bytes.Equal(got, data):
			kinds["whole"] = true
		case len(got) < len(data):
			kinds["short"] = true
		case slices.Contains(got, 0):
			kinds["zeros"] = true
		}
	}
	if len(kinds) < 3 {
		t.Errorf("%v", kinds)
	}
}

func TestLocksAreRespected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for _, d := range []disk.FS{disk.OS{}, disktest.New()} {
		unlock, ok, err := d.TryLock(path)
		if !ok || err != nil {
			t.Fatal(err)
		}
		if _, ok, err := d.TryLock(path); ok || err != nil {
			t.Errorf("locked twice, %v", err)
		}
		unlock()
		if unlock, ok, err = d.TryLock(path); !ok || err != nil {
			t.Errorf("not given back: %v", err)
		}
		unlock()
	}
}

// What is no file is neither waited for nor written into.
func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	d := disk.OS{}
	for _, path := range []string{dir, filepath.Join(dir, "link"), os.DevNull} {
		if _, err := d.Create(path); err == nil {
			t.Errorf("%s: created", path)
		}
		if _, err := d.Extend(path); err == nil {
			t.Errorf("%s: extended", path)
		}
	}
	if _, err := d.Open(dir); err == nil {
		t.Error("a folder is opened")
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.ReadFile(d, big, 99); err == nil {
		t.Error("more is read than was asked for")
	}
}

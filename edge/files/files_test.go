package files_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trawl/edge/files"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "12345")
	if text, err := files.Read(path, 5); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := files.Read(path, 4); text != nil || !errors.Is(err, files.ErrTooLarge) || !strings.Contains(err.Error(), path) {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip("no sparse files here:", err)
	}
	if _, err := files.Read(path, 4); !errors.Is(err, files.ErrTooLarge) {
		t.Error(err)
	}
}

func TestMissingFileIsAsOfPackageOS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if _, err := files.Read(path, 4); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := files.ReadInput("/dev/fd/9999", 4); err == nil {
		t.Error("a descriptor that nobody has opened")
	}
}

func TestNullDeviceIsEmpty(t *testing.T) {
	if text, err := files.Read(os.DevNull, 4); err != nil || len(text) != 0 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFoldersAreRefused(t *testing.T) {
	for _, read := range []func(string, int64) ([]byte, error){files.Read, files.ReadInput} {
		var at *fs.PathError
		if _, err := read(t.TempDir(), 4); !errors.Is(err, files.ErrNotRegular) || !errors.As(err, &at) || !strings.Contains(err.Error(), "is a directory") {
			t.Error(err)
		}
	}
}

// An inherited descriptor is read by its path, a pipe in the file system is not.
func TestInputMayBeADescriptor(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("no /dev/fd here")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.WriteString(w, "she\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	path := filepath.Join("/dev/fd", descriptor(r))
	if _, err := files.Read(path, 100); !errors.Is(err, files.ErrNotRegular) {
		t.Errorf("Read: %v", err)
	}
	if text, err := files.ReadInput(path, 100); err != nil || string(text) != "she\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestStampTellsFilesApart(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "f")
	long, short := time.Unix(1, 0), int64(100)
	set := func(text string) {
		t.Helper()
		write(t, path, text)
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	last := files.Fingerprint(path, short)
	changed := func(what string, want bool) {
		t.Helper()
		now := files.Fingerprint(path, short)
		if (now != last) != want {
			t.Errorf("%s: changed %v", what, !want)
		}
		last = now
	}
	set("one")
	changed("a file", true)
	changed("nothing", false)
	set("two")
	changed("the same size and time, other content", true)
	write(t, filepath.Join(folder, "g"), "two")
	if err := errors.Join(os.Chtimes(filepath.Join(folder, "g"), long, long), os.Rename(filepath.Join(folder, "g"), path)); err != nil {
		t.Fatal(err)
	}
	changed("another file with the same content", runtime.GOOS != "windows")
	os.Remove(path)
	changed("no file", true)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	changed("a folder", true)
	changed("a folder still", false)
}

// What is larger than what is hashed still shows that another file has its name.
func TestStampOfALargeFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no numbers")
	}
	folder := t.TempDir()
	var stamps []string
	for _, name := range []string{"a", "b"} {
		path := filepath.Join(folder, name)
		write(t, path, strings.Repeat(name, 200))
		if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, files.Fingerprint(path, 100))
	}
	if stamps[0] == stamps[1] {
		t.Errorf("two files have the stamp %q", stamps[0])
	}
}

func TestChangeCountsOnceItWasSeenTwice(t *testing.T) {
	var c files.Change
	for i, step := range []struct {
		now, used string
		want      bool
	}{
		{"a", "a", false},
		{"b", "a", false},
		{"b", "a", true}, // read: used is b from now on
		{"b", "b", false},
		{"c", "b", false},
		{"d", "b", false},
		{"d", "b", true},
		{"e", "d", false},
		{"d", "d", false},
		{"e", "d", false},
		{"e", "d", true},
		{"e", "d", false},
		{"e", "d", true}, // reading has failed: it is tried again
	} {
		if got := c.Seen(step.now, step.used); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

func TestWatchLooksAndListens(t *testing.T) {
	looked, heard := make(chan struct{}), make(chan struct{})
	signals := make(chan os.Signal, 1)
	tell := func(c chan struct{}) func(*files.Watching) {
		return func(w *files.Watching) {
			select {
			case c <- struct{}{}:
			case <-w.Stopping():
			}
		}
	}
	w := files.Watch(time.Millisecond, tell(looked), signals, tell(heard))
	<-looked
	<-looked
	signals <- os.Interrupt
	for waiting := true; waiting; {
		select {
		case <-looked:
		case <-heard:
			waiting = false
		}
	}
	if !w.Stop(time.Minute) {
		t.Error("it has not ended")
	}
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w := files.Watch(time.Millisecond, func(*files.Watching) { once.Do(func() { close(begun) }); <-end }, nil, nil)
	<-begun
	if w.Stop(time.Millisecond) {
		t.Error("it is said to have ended")
	}
	close(end)
}

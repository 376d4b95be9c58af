package notify

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestPrioritiesOfLines(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(Journal(&out, func(w io.Writer) slog.Handler {
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}})
	}))
	log.Debug("a")
	log.Info("b", "text", "two\nlines")
	log.With("k", 1).Warn("c")
	log.WithGroup("g").Error("d", "k", 2)
	want := "<7>msg=a\n<6>msg=b text=\"two\\nlines\"\n<4>msg=c k=1\n<3>msg=d g.k=2\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestLinesOfManyAtOnceStayWhole(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(Journal(&out, func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }))
	var writing sync.WaitGroup
	for range 4 {
		writing.Go(func() {
			for range 100 {
				log.Info("info")
				log.Error("error")
			}
		})
	}
	writing.Wait()
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "<6>") != strings.Contains(line, "msg=info") || strings.HasPrefix(line, "<3>") != strings.Contains(line, "msg=error") {
			t.Fatalf("line %q", line)
		}
	}
}

func TestJournalIsTheStreamThatIsNamed(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	is := deviceAndInode(f)
	if is == "" {
		t.Skip("this system has no inodes")
	}
	for env, want := range map[string]bool{"JOURNAL_STREAM=" + is: true, "JOURNAL_STREAM=1:1": false, "JOURNAL_STREAM=": false, "X=1": false} {
		if got := UnderJournal(f, []string{env}); got != want {
			t.Errorf("%s: %v", env, got)
		}
	}
}

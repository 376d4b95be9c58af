package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"trawl/edge/client"
	"trawl/edge/wire"
)

func TestOrderIsThatOfTheInput(t *testing.T) {
	var in, want strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&in, "he %d\n", i)
		fmt.Fprintf(&want, "%d:1: he: he %d\n", i+1, i)
	}
	b := newFake(t, "he")
	b.before = func(context.Context, *client.Request) error {
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
		return nil
	}
	got := runScan(t, b, in.String(), Options{BlockSize: 64, InFlight: 8})
	if got.out != want.String() {
		t.Errorf("out of order: %q…", got.out[:200])
	}
	if b.most < 2 || b.most > 8 {
		t.Errorf("%d requests at once, want several, at most 8", b.most)
	}
}

func TestSmallFilesShareRequests(t *testing.T) {
	files := map[string]string{}
	for i := range 2500 {
		files[fmt.Sprintf("d/%04d", i)] = "he\n"
	}
	folder(t, files)
	b := newFake(t, "he")
	got := runScan(t, b, "", Options{Mode: Count, Recursive: true}, "d")
	if n := strings.Count(got.out, ":1\n"); n != 2500 || got.err != nil {
		t.Fatalf("%d files counted, %v", n, got.err)
	}
	if n := b.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// lineReader hands the lines written by the scan to the test.
func lineReader(t *testing.T) (io.Writer, func() string) {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close() })
	return w, func() string {
		buf := make([]byte, 1000)
		n, err := r.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestSlowInputIsAnsweredAtOnce(t *testing.T) {
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, read := lineReader(t)
	done := make(chan error)
	go func() {
		_, _, err := Run(t.Context(), newFake(t, "he"), nil, Options{}, in, out, io.Discard)
		done <- err
	}()
	for i := range 5 {
		fmt.Fprintf(feed, "he %d\nincompl", i)
		want := fmt.Sprintf("%d:1: he: he %d\n", i+1, i)
		if i > 0 {
			want = fmt.Sprintf("%d:8: he: incomplhe %d\n", i+1, i)
		}
		if got := read(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	feed.WriteString(" he")
	feed.Close()
	if got := read(); got != "6:9: he: incompl he\n" {
		t.Errorf("got %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFIFOIsReadAsItComes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	out, read := lineReader(t)
	done := make(chan error)
	go func() {
		_, _, err := Run(t.Context(), newFake(t, "he"), []string{path}, Options{}, nil, out, io.Discard)
		done <- err
	}()
	feed, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	feed.WriteString("he\n")
	if got := read(); got != "1:1: he: he\n" {
		t.Errorf("got %q", got)
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCancellationStopsAtOnce(t *testing.T) {
	in, feed, err := os.Pipe() // never written to
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer feed.Close()
	folder(t, map[string]string{"a": strings.Repeat("he\n", 1000)})
	tests := []struct {
		name  string
		paths []string
		o     Options
	}{
		{"while a broker does not answer", []string{"a"}, Options{BlockSize: 100}},
		{"while input does not come", []string{"-"}, Options{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			b := newFake(t, "he")
			b.before = func(ctx context.Context, _ *client.Request) error {
				cancel()
				<-ctx.Done()
				return ctx.Err()
			}
			if test.paths[0] == "-" {
				time.AfterFunc(20*time.Millisecond, cancel)
			}
			_, _, err := Run(ctx, b, test.paths, test.o, in, io.Discard, io.Discard)
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

func TestEnoughIsKnownBeforeAStreamEnds(t *testing.T) {
	for _, mode := range []Mode{Quiet, Files} {
		in, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		fed := make(chan struct{})
		go func() { // until the scan leaves
			defer close(fed)
			for err := error(nil); err == nil; {
				_, err = feed.WriteString("he\n")
			}
		}()
		_, matched, err := Run(t.Context(), newFake(t, "he"), nil, Options{Mode: mode}, in, io.Discard, io.Discard)
		if !matched || err != nil {
			t.Error(mode, matched, err)
		}
		in.Close()
		<-fed
	}
}

type failingWriter struct {
	err   error
	after int
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, w.err
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	in := strings.Repeat("he\n", 100_000)
	for err, want := range map[error]string{
		error(&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}):   "",
		error(&os.PathError{Op: "write", Path: "out", Err: syscall.ENOSPC}): "cannot write the output: write out: no space left on device",
	} {
		b := newFake(t, "he")
		_, matched, got := Run(t.Context(), b, nil, Options{BlockSize: 1000}, strings.NewReader(in), &failingWriter{err, 5000}, io.Discard)
		if fmt.Sprint(got) != want && (got != nil || want != "") || !matched {
			t.Errorf("got %v, want %q", got, want)
		}
		if n := b.requests.Load(); n > 250 {
			t.Errorf("%d of 300 blocks were asked after all", n)
		}
	}
}

func TestBrokerErrorsEndTheScan(t *testing.T) {
	folder(t, map[string]string{"a": strings.Repeat("he\n", 100)})
	tests := []struct {
		err  error
		want string
	}{
		{wire.Errorf(wire.Deadline, "no answer"), "scan stopped at a: deadline: no answer (give requests more time with --timeout, or add workers)"},
		{wire.Errorf(wire.UnknownRules, `no "x"`), "scan stopped at a: unknown_rules: no \"x\""},
		{&client.NoBrokerError{Problems: []client.Problem{{Broker: "tcp://pi1:5555", Err: errors.New("refused")}}}, "scan stopped at a: no broker answered: tcp://pi1:5555: refused (is it running, and is its address right?)"},
	}
	for _, test := range tests {
		b := newFake(t, "he")
		b.before = func(context.Context, *client.Request) error {
			if b.requests.Load() > 3 {
				return test.err
			}
			return nil
		}
		got := runScan(t, b, "", Options{BlockSize: 30, InFlight: 1}, "a")
		if got.err == nil || got.err.Error() != test.want || !errors.Is(got.err, test.err) {
			t.Errorf("got %v, want %s", got.err, test.want)
		}
		if n := strings.Count(got.out, "\n"); n != 30 {
			t.Errorf("%d lines printed before the error, want the 30 answered", n)
		}
	}
}

func TestAnswersThatMakeNoSense(t *testing.T) {
	result := func(lines byte, body ...byte) []byte { return append([]byte{1, 0, lines}, body...) }
	tests := []struct {
		name   string
		frames [][]byte
		want   string
	}{
		{"too few results", nil, "not one result"},
		{"too many results", [][]byte{result(1, 0, 0), result(1, 0, 0)}, "not one result"},
		{"a whole text's result", [][]byte{result(0, 0, 0)}, "another kind"},
		{"garbage", [][]byte{[]byte("{}")}, "version"},
		{"a line outside", [][]byte{result(1, 1, 200, 1, 0, 0, 0, 0)}, "places outside"},
		{"a match outside", [][]byte{result(1, 1, 0, 0, 1, 50, 2, 0, 1, 'x', 0, 0)}, "places outside"},
		{"the same line twice", [][]byte{result(1, 1, 0, 0, 1, 2, 2, 0, 1, 'x', 1, 0, 0, 0, 0, 0)}, "places outside"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runScan(t, canned{test.frames}, "he\nhe\n", Options{})
			if got.err == nil || !strings.Contains(got.err.Error(), test.want) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("got %v, want %q in it", got.err, test.want)
			}
		})
	}
}

// canned answers everything with the same frames.
type canned struct{ frames [][]byte }

func (c canned) Do(context.Context, *client.Request) (*client.Answer, error) {
	return &client.Answer{Results: c.frames}, nil
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1, 0, 0, 1, 2, 2, 0, 1, 'x', 0, 0}, false)
	f.Add([]byte{1, 0, 1, 1, 0, 1, 1, 2, 2, 0, 1, 'x', 0, 1}, false)
	f.Add([]byte{1, 0, 0, 0, 1, 9, 2, 0, 1, 'x'}, true)
	f.Fuzz(func(t *testing.T, frame []byte, pieces bool) {
		o := Options{Color: true}
		if pieces {
			o.longLine = 3
		}
		runScan(t, canned{[][]byte{frame}}, "he\nhe he he\nhe\n", o)
	})
}

func TestLineCutByLimitsIsTold(t *testing.T) {
	folder(t, map[string]string{"a": "he\nhe he he\nhe he\nhe\n"})
	b := newFake(t, "he")
	b.limit = 2
	got := runScan(t, b, "", Options{Mode: Only}, "a")
	want := "1:1: he: he\n2:1: he: he\n2:4: he: he\n3:1: he: he\n3:4: he: he\n4:1: he: he\n"
	wantErr := "trawl: a:2: more matches than the broker's limits allow in one answer: some of this line are missing\n"
	if got.out != want || got.errOut != wantErr || got.err != nil {
		t.Errorf("%+v", got)
	}
}

func TestIncompleteRegexIsToldOncePerFile(t *testing.T) {
	folder(t, map[string]string{"a": "he\nhe\n", "b": "he\n"})
	b := newFake(t, "he")
	b.incomplete = []uint32{0}
	got := runScan(t, b, "", Options{Mode: Count}, "a", "b")
	if strings.Count(got.errOut, "trawl: a: regex he") != 1 || strings.Count(got.errOut, "trawl: b: regex he") != 1 {
		t.Errorf("%q", got.errOut)
	}
}

func TestRegexesOnALongLineAreToldOncePerFile(t *testing.T) {
	in := strings.Repeat("x", 50) + "\nhe\n" + strings.Repeat("he", 40) + "\n"
	got := runScan(t, newFake(t, "he"), in, Options{longLine: 20, HasRegexes: true, Overlap: 2})
	wantErr := "trawl: (standard input):1: line over 20 bytes, searched in pieces: regexes may miss matches in such lines\n"
	if got.errOut != wantErr || got.out != "2:1: he: he\n3:1: he: [line of 80 bytes]\n" {
		t.Errorf("%+v", got)
	}
}

// Pieces overlap by 2 MiB at most: a literal that is longer may lie across two
// seams, and that is no secret.
func TestLiteralsTooLongForPiecesAreTold(t *testing.T) {
	in := strings.Repeat("x", 50) + "\nhe\n"
	got := runScan(t, newFake(t, "he"), in, Options{longLine: 20, Overlap: maxOverlap + 1})
	wantErr := "trawl: (standard input):1: line over 20 bytes, searched in pieces: literals over 2097152 bytes may be missed in such lines\n"
	if got.errOut != wantErr || got.out != "2:1: he: he\n" {
		t.Errorf("%+v", got)
	}
	if got := runScan(t, newFake(t, "he"), in, Options{longLine: 20, Overlap: maxOverlap}); got.errOut != "" {
		t.Errorf("%+v", got)
	}
}

// A scan that is watched is told of every byte, once.
func TestProgressIsTheBytesRead(t *testing.T) {
	folder(t, map[string]string{"a": strings.Repeat("he\n", 1000), "b": strings.Repeat("x", 500) + "\nhe", "c": ""})
	var sum int64
	o := Options{BlockSize: 64, longLine: 100, Overlap: 2, Progress: func(n int64) {
		if n < 0 {
			t.Errorf("%d bytes back", -n)
		}
		sum += n
	}}
	runScan(t, newFake(t, "he"), "", o, "a", "b", "c")
	if want := int64(3000 + 503); sum != want {
		t.Errorf("told of %d bytes, want %d", sum, want)
	}
}

// repeated is n times the same bytes.
type repeated struct {
	bytes []byte
	n     int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	r.n--
	return copy(p, r.bytes), nil
}

func TestMemoryDoesNotDependOnTheLength(t *testing.T) {
	nothing := func(lines byte) canned { // found in a block, or in a piece
		if lines == 1 {
			return canned{[][]byte{{1, 0, 1, 0, 0}}}
		}
		return canned{[][]byte{{1, 0, 0, 0, 0}}}
	}
	for name, test := range map[string]struct {
		unit  string
		asker canned
	}{
		"one long line": {"x", nothing(0)},
		"short lines":   {"short lines, many of them\n", nothing(1)},
	} {
		t.Run(name, func(t *testing.T) {
			unit := bytes.Repeat([]byte(test.unit), pumpChunk/len(test.unit))
			size := int64(len(unit)) * 4000 // some 250 MB
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			sum, _, err := Run(t.Context(), test.asker, nil, Options{InFlight: 4}, &repeated{unit, 4000}, io.Discard, io.Discard)
			runtime.ReadMemStats(&after)
			if err != nil || sum.Bytes != size {
				t.Fatal(sum, err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("%d MB allocated in total", grown>>20)
			}
		})
	}
}

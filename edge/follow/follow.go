package follow

// The exported way to follow files.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Options of a [Follower] and of [ReadInput].
type Options struct {
	// Source is the name of the source, unique in a State: at most 64 letters, digits, and of
	// ".-_".
	Source string
	// Paths are patterns in the syntax of filepath.Match, absolute. A path without a file
	// is waited for.
	Paths []string
	// Exclude has patterns of files to leave out; a pattern without a slash is for names in any
	// folder.
	Exclude []string
	// FromBeginning: files existing at the very first start are read from the beginning, not
	// from the end. Later files are always read from the beginning.
	FromBeginning bool
	// Start, if set, makes records of several lines: Start matches the first line of a record.
	Start *regexp.Regexp
	// Overlap is how many bytes of a piece of a long line the next piece repeats, 256 KiB at
	// most.
	Overlap int
	// State keeps the positions; nil: every start is the very first one.
	State *State
	// Log is told of problems, each once; nil: nobody is.
	Log *slog.Logger
}

// Follower reads the files of one source.
type Follower struct {
	ledger // the mutex guards the fields marked as guarded, too
	o      Options
	cut    cutter
	take   func(*Batch) error
	batch  *Batch // that is being filled; nil: none

	finder *finder
	polls  uint64
	logs   map[string]*log
	order  []*log      // all of logs, by path
	files  []*openFile // that are open; guarded
	window []byte      // what read looks at
	cached int         // bytes in the files' partial

	state    *stateFile // nil: nothing is kept
	slots    []bool     // that are in use
	contents int        // of all logs
	entries  uint64     // highest order of an entry
	value    []byte     // scratch for entries; guarded
	rotated  bool       // since the state was saved
	prune    bool       // a content may be done; guarded
	first    bool       // this is the first poll
	polled   time.Time  // when the last poll was
	crashed  time.Time  // when files were opened first after a crash
	// doubtful: records that an earlier process handed over may still come again.
	doubtful bool
	begun    bool // Run was called

	status   Status              // without Files, Behind and Problems; guarded
	problems map[string]*trouble // by path; guarded
}

// Bounds of a follower's memory and descriptors.
const (
	maxFiles    = 1000 // paths
	maxOpen     = 1200 // files, including rotated files being read
	maxContents = 4000 // known contents, most of which were read to the end
)

const (
	pollEvery = 250 * time.Millisecond
	// A file without a path is read until the file has not grown for lingerFor.
	lingerFor = 5 * time.Second
	// A record of several lines ends when no line has come for recordWait.
	recordWait = 5 * time.Second
)

// New checks options. It neither reads nor starts anything.
func New(o Options) (*Follower, error) {
	finder, err := newFinder(o.Paths, o.Exclude)
	if err == nil {
		err = o.check()
	}
	if err == nil {
		err = checkName(o.Source)
	}
	if err != nil {
		return nil, err
	}
	f := &Follower{
		o: o, cut: o.cutter(), finder: finder, logs: make(map[string]*log), first: true,
		problems: make(map[string]*trouble),
	}
	f.commit = f.commitLocked
	return f, nil
}

func (o *Options) check() error {
	if o.Overlap < 0 || o.Overlap > maxOverlap {
		return fmt.Errorf("pieces of long lines cannot overlap by %d bytes, but by 0 to %d", o.Overlap, maxOverlap)
	}
	return nil
}

func (o *Options) cutter() cutter { return cutter{start: o.Start, overlap: o.Overlap} }

// Run hands the records of all files to take, which is called by this goroutine, until ctx
// ends or take returns an error. Run returns the error of either. It may be called once.
func (f *Follower) Run(ctx context.Context, take func(*Batch) error) error {
	if f.begun {
		return errors.New("this follower was run before; make a new one")
	}
	if err := f.open(take); err != nil {
		return err
	}
	defer f.close()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		next := time.Now().Add(pollEvery)
		f.poll(time.Now())
		if err := f.readUntil(ctx, next); err != nil {
			return err
		}
		wait.Reset(time.Until(next))
	}
}

// readUntil reads the files to the end, or until the next poll is due.
func (f *Follower) readUntil(ctx context.Context, next time.Time) error {
	for {
		now := time.Now()
		more, err := f.turn(now)
		if err == nil && (!more || f.batch != nil && f.batch.due(now)) {
			err = f.deliver()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !more || !now.Before(next) {
			return err
		}
	}
}

// open makes ready what Run needs.
func (f *Follower) open(take func(*Batch) error) error {
	f.begun, f.take = true, take
	if f.o.State == nil {
		return nil
	}
	var err error
	if f.state, err = f.o.State.openFile(f.o.Source + ".positions"); err != nil {
		return err
	}
	f.state.isOpen = func() bool { return f.doubtful || f.waiting() }
	f.doubtful = !f.state.clean && f.state.stored
	f.restore()
	return nil
}

// close closes the files. The positions stay open: batches may still be acknowledged.
func (f *Follower) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doubtful = f.doubtful && (f.crashed.IsZero() || f.polled.Sub(f.crashed) <= doubtFor)
	for _, x := range f.files {
		f.doubtful = f.doubtful || x.start < x.again
		x.handle.Close()
	}
	f.files = nil
}

// deliver hands the batch over.
func (f *Follower) deliver() error {
	b := f.batch
	if b == nil {
		return nil
	}
	f.batch = nil
	for _, x := range b.files {
		f.growPrefix(x)
		b.marks = append(b.marks, mark{x.content, x.start, x.tail})
	}
	f.handOver(b)
	f.mu.Lock()
	f.status.Records += uint64(len(b.Records))
	f.mu.Unlock()
	return f.take(b)
}

// Status of a follower. Counts begin with the process.
type Status struct {
	Files      int       // open files, including rotated files being read
	Records    uint64    // handed over
	Behind     int64     // bytes in the files behind the acknowledged positions
	PassedOver int64     // bytes that are known to have been lost or left out
	Gaps       uint64    // times that lines were lost
	Left       int       // files over the 1,000 that a follower reads
	Problems   []Problem // of files, as they stand now
}

// Problem is a reason for not reading a file.
type Problem struct {
	Path string
	Err  error // says what to do
}

// trouble is a problem, and when the file is tried again.
type trouble struct {
	err   error
	since time.Time
	again time.Time
}

// Status returns how far the follower is. It may be called by any goroutine.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Files = len(f.files)
	for _, x := range f.files {
		if x.zipped || x.skipped || x.lost {
			continue
		}
		if info, err := x.handle.Stat(); err == nil {
			s.Behind += max(0, info.Size()-x.content.offset)
		}
	}
	for path, t := range f.problems {
		s.Problems = append(s.Problems, Problem{path, t.err})
	}
	slices.SortFunc(s.Problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	return s
}

const (
	retryEvery = time.Minute
	// An unreadable file is tried at every poll for retrySoon: the program may not have set
	// owner and mode yet.
	retrySoon   = 5 * time.Second
	maxProblems = 2 * maxFiles
)

// trouble notes a problem with a file, and logs it once.
func (f *Follower) trouble(now time.Time, path string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.problems[path]
	if t == nil {
		if len(f.problems) >= maxProblems {
			return
		}
		t = &trouble{since: now}
		f.problems[path] = t
	}
	if t.err == nil || t.err.Error() != err.Error() {
		f.warn("A file of a source cannot be followed", "path", path, "error", err)
	}
	t.err, t.again = err, now
	if now.Sub(t.since) >= retrySoon {
		t.again = now.Add(retryEvery)
	}
}

// blocked says whether a file has a problem and is not to be tried yet.
func (f *Follower) blocked(now time.Time, path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.problems[path]
	return t != nil && now.Before(t.again)
}

// mended forgets the problem of a file.
func (f *Follower) mended(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.problems, path)
}

// gap counts lost lines, and the bytes if known.
func (f *Follower) gap(path, why string, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Gaps++
	f.status.PassedOver += bytes
	f.warn("Lines of a log were lost", "path", path, "why", why, "bytes", bytes)
}

func (f *Follower) warn(message string, args ...any) {
	if f.o.Log != nil {
		f.o.Log.Warn(message, append(args, "source", f.o.Source)...)
	}
}

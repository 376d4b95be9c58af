package follow

// The exported way to follow files.

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
)

// Options of a [Follower] and of [ReadInput].
type Options struct {
	// Source is the name of the source, unique in a State.
	Source string
	// Paths are patterns in the syntax of filepath.Match, absolute. A path without a file
	// is waited for.
	Paths []string
	// Exclude are patterns of the same kind; one without a slash is for names in any folder.
	Exclude []string
	// FromBeginning: files that exist at the very first start are read from their
	// beginning, not from their end.
	FromBeginning bool
	// Start, if set, makes records of several lines: it matches the lines that begin one.
	Start *regexp.Regexp
	// Overlap is how many bytes of one piece of a long line the next one repeats, 256 KiB
	// at most.
	Overlap int
	// State keeps the positions; nil: every start is the very first one.
	State *State
	// Log is told of problems, each once; nil: nobody is.
	Log *slog.Logger
}

// Follower reads the files of one source.
type Follower struct{}

// New checks options. It neither reads nor starts anything.
func New(o Options) (*Follower, error) { return nil, errors.ErrUnsupported }

// Run hands the records of all files to take, which is called by this goroutine, until ctx
// ends or take returns an error, which Run returns. It may be called once.
func (f *Follower) Run(ctx context.Context, take func(*Batch) error) error {
	return errors.ErrUnsupported
}

// Status returns how far the follower is. It may be called by any goroutine.
func (f *Follower) Status() Status { return Status{} }

// Status of a follower. Counts begin with the process.
type Status struct {
	Files      int       // open ones, rotated ones that are still read among them
	Records    uint64    // handed over
	Behind     int64     // bytes that the files hold beyond what was acknowledged
	PassedOver int64     // bytes that are known to have been lost or left out
	Gaps       uint64    // times that lines were lost
	Left       int       // files over the 1,000 that a follower reads
	Problems   []Problem // of files, as they stand now
}

// Problem is what stands in the way of reading one file.
type Problem struct {
	Path string
	Err  error // says what to do
}

// ReadInput hands the records of r, which may be a pipe or a terminal, to take until r or
// ctx ends or take returns an error. Of the options it uses Start, Overlap and nothing
// else; positions of standard input are not kept.
func ReadInput(ctx context.Context, r io.Reader, o Options, take func(*Batch) error) error {
	return errors.ErrUnsupported
}

package scan

// What a scan is asked for and what it gives back.

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"trawl/edge/client"
	"trawl/edge/mask"
	"trawl/edge/wire"
)

// Mode is the kind of output.
type Mode int

// The modes. Names are printed before line numbers as grep does it: with more
// than one argument, or for a folder.
const (
	Lines Mode = iota // matching lines: [file:]line:column: rule[,rule…]: line
	JSON              // an object per match
	Count             // matching lines per file, zero counts too: [file:]count
	Files             // names of the files that match
	Only              // a line per match: [file:]line:column: rule: text
	Quiet             // nothing; the first match ends the scan
	Mask              // every line, with each match replaced: a filter
)

// Options of a scan. The zero value is good, except that Overlap should be set.
type Options struct {
	Mode      Mode
	Color     bool // of file, line number and matched text
	Terminal  bool // the output is for one: what it would obey in lines and file names is escaped
	Recursive bool // walk into folders; without a path: into the current one
	Text      bool // lines of binary files are printed as those of others

	// Fields are extra fields of each match for the mode JSON, which prints the matched text anyway.
	Fields wire.Fields
	// Mask is what stands in the place of matches in the mode Mask.
	Mask mask.Style

	// Rules is the rule set to ask for; empty means wire.DefaultRules.
	Rules string
	// Timeout is how long one request may take; 0 means wire.DefaultDeadline.
	Timeout time.Duration
	// InFlight is how many requests are under way at once; 0 means 2×cores+2.
	InFlight int
	// BlockSize is about how many bytes go in one request; 0 means 256 KiB, at
	// most 1 MiB.
	BlockSize int

	// Overlap is the length in bytes of the longest literal of the rule set: by
	// so much, and a little, the pieces of a line over 1 MiB overlap. A literal
	// over 2 MiB may be missed in such a line, and then this is said on stderr.
	Overlap int
	// HasRegexes says that the rule set holds regexes. They may miss matches in
	// a line over 1 MiB, and then this is said on stderr.
	HasRegexes bool

	// Progress, if set, is told how many bytes more have been dealt with, by the
	// goroutine that called Run.
	Progress func(bytes int64)

	longLine int           // bytes of a line from which on it goes in pieces
	tooLong  bool          // a literal is longer than pieces can overlap
	sniff    int           // bytes at a file's beginning in which a NUL makes it binary
	lull     time.Duration // a stream that is silent for so long is not waited for
}

// Summary is what was looked at and found, up to where the scan ended.
type Summary struct {
	Files         int64 // that could be read
	Lines         int64
	MatchingLines int64
	Matches       int64 // 0 for Count, Files, Quiet and Mask, which do not ask for them
	Bytes         int64
	NotMasked     int64 // lines for which mask.Incomplete stands; a line without a match can be one
}

// Asker is what a scan needs of a client.Client.
type Asker interface {
	Do(ctx context.Context, r *client.Request) (*client.Answer, error)
}

// ErrUnreadable means that the scan went to its end, but some of the input
// could not be read, or is UTF-16 or UTF-32, which are not decoded. Each such file has had its
// line on stderr.
var ErrUnreadable = errors.New("some of the input could not be read")

// Run scans paths in the order given, folders in lexical order of their names;
// "-", or no path, is stdin. It reports whether anything matched, and the first
// error of: ctx's; the broker's, with a hint; that of writing to stdout, which
// is no error if a pipe's reader has gone; ErrUnreadable or, in the mode Mask, ErrNotMasked. A Quiet scan that
// found a match has no error.
//
// Nothing runs on when Run returns, with one exception: a Read of stdin that
// cannot be interrupted (it has no SetReadDeadline that works, as a terminal's
// or a blocking pipe's) and that waits for input when the scan is stopped.
func Run(ctx context.Context, asker Asker, paths []string, o Options, stdin io.Reader, stdout, stderr io.Writer) (Summary, bool, error) {
	o.setDefaults()
	p := newPrinter(&o, asker, withNames(paths, &o), stdout, stderr)
	err := pipeline(ctx, asker, &o, p, newWalk(paths, stdin, stdout))
	return p.sum, p.matched, err
}

const (
	defaultBlock    = 256 << 10
	defaultLongLine = 1 << 20
	defaultSniff    = 32 << 10 // as much as grep reads first
	defaultLull     = 2 * time.Millisecond
	// maxOverlap keeps a piece far below a broker's default limit of 16 MiB for
	// a text; see lead in pieces.go.
	maxOverlap = 2 << 20
)

func (o *Options) setDefaults() {
	if o.Fields &^= wire.FieldText; o.Mode != JSON {
		o.Fields = 0
	}
	if o.Rules == "" {
		o.Rules = wire.DefaultRules
	}
	if o.Timeout <= 0 {
		o.Timeout = wire.DefaultDeadline
	}
	if o.InFlight <= 0 {
		o.InFlight = 2*runtime.GOMAXPROCS(0) + 2
	}
	if o.longLine == 0 {
		o.longLine = defaultLongLine
	}
	if o.BlockSize <= 0 {
		o.BlockSize = defaultBlock
	}
	o.BlockSize = min(o.BlockSize, o.longLine)
	if o.sniff == 0 {
		o.sniff = defaultSniff
	}
	o.sniff = min(o.sniff, o.BlockSize)
	if o.lull == 0 {
		o.lull = defaultLull
	}
	o.tooLong = o.Overlap > maxOverlap
	o.Overlap = min(max(o.Overlap, 0), maxOverlap)
}

// want is what the mode has to know of a line.
func (o *Options) want() wire.Want {
	switch o.Mode {
	case Count, Files, Quiet:
		return wire.WantAny
	case Mask:
		return wire.WantMasked
	}
	return wire.WantMatches
}

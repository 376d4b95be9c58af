package watch

// Files and standard input, by package follow.

import (
	"context"
	"fmt"
	"io"
	"strings"

	"trawl/edge/escape"
	"trawl/edge/follow"
)

// seamOverlap is how many bytes of a piece of a line over 1 MiB the next piece repeats, so
// that literals up to seamOverlap bytes are found across the seam.
const seamOverlap = 64 << 10

// Files is the source file.
type Files struct{ follower *follow.Follower }

// NewFiles checks the options and sets Overlap.
func NewFiles(o follow.Options) (*Files, error) {
	o.Overlap = seamOverlap
	f, err := follow.New(o)
	if err != nil {
		return nil, err
	}
	return &Files{f}, nil
}

// Run hands over the records of all files until ctx ends.
func (f *Files) Run(ctx context.Context, take func(*Batch) error) error {
	return f.follower.Run(ctx, (&followed{take: take, paths: make(map[string]map[string]string)}).batch)
}

// followed turns batches of package follow into the watcher's.
type followed struct {
	take  func(*Batch) error
	paths map[string]map[string]string // labels, by path; nil: records get none
	b     Batch
	run   string // of records without an inode
}

// maxPaths bounds how many paths are remembered.
const maxPaths = 2000

func (f *followed) batch(b *follow.Batch) error {
	f.b.Records = f.b.Records[:0]
	for i := range b.Records {
		r := &b.Records[i]
		record := Record{
			Text: r.Text, Inode: r.Inode, Offset: r.Offset, Overlap: r.Overlap, Cut: r.Cut,
			Redelivered: r.Redelivered, Labels: f.labels(r.Path),
		}
		if r.Inode == 0 {
			record.Place = fmt.Sprintf("%s/%d", f.run, r.Offset)
		}
		f.b.Records = append(f.b.Records, record)
	}
	f.b.Ack = b.Ack
	return f.take(&f.b)
}

func (f *followed) labels(path string) map[string]string {
	if f.paths == nil { // a stream
		return nil
	}
	labels := f.paths[path]
	if labels == nil {
		if len(f.paths) >= maxPaths {
			clear(f.paths)
		}
		labels = map[string]string{"path": path}
		f.paths[path] = labels
	}
	return labels
}

// Status of all files.
func (f *Files) Status() SourceStatus {
	s := f.follower.Status()
	status := SourceStatus{Lost: uint64(max(0, s.PassedOver)), Behind: s.Behind}
	var problems []string
	for i, p := range s.Problems {
		if i == 3 {
			problems = append(problems, fmt.Sprintf("and %d more", len(s.Problems)-i))
			break
		}
		problems = append(problems, escape.Sprintf("%s: %v", p.Path, p.Err))
	}
	if s.Left > 0 {
		problems = append(problems, fmt.Sprintf("%d files are left out, as a source reads 1,000", s.Left))
	}
	status.Problem = strings.Join(problems, "; ")
	return status
}

// Close: the follower has ended with Run.
func (f *Files) Close() error { return nil }

// Input is the source stdin: a stream, read to its end.
type Input struct {
	r io.Reader
	o follow.Options
}

// NewInput returns a source for r. Of the options only Start is used.
func NewInput(r io.Reader, o follow.Options) *Input {
	o.Overlap = seamOverlap
	return &Input{r, o}
}

// Run hands over the records of the stream until its end.
func (in *Input) Run(ctx context.Context, take func(*Batch) error) error {
	return follow.ReadInput(ctx, in.r, in.o, (&followed{take: take, run: newRun()}).batch)
}

// Status: nothing is known of a stream.
func (in *Input) Status() SourceStatus { return SourceStatus{Behind: -1} }

// Close does nothing: the stream belongs to the caller of NewInput.
func (in *Input) Close() error { return nil }

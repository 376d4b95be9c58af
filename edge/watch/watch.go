package watch

// The way of a record: source, matcher, the queue of each sink.

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
)

// Options of a watcher.
type Options struct {
	Board string // name of the watcher in events
	// Matcher makes a matcher for one source.
	Matcher func() (Matcher, error)
	Sources []SourceOptions
	Sinks   []SinkOptions
	// Run and State are the folders for queues and rate limits: Run is on a tmpfs, or
	// empty; State outlives a reboot. Both empty: nothing is kept.
	Run, State string
	Log        *slog.Logger
	// Pulse is called about once a second with the status, and must not block. Nil:
	// nobody is told.
	Pulse func(*Status)
	// Report tells a broker about the watcher, whose program has this Version. Nil: there is
	// no broker.
	Report  func(context.Context, *wire.Report) error
	Version string
	// HTTP is HOST:PORT for metrics; empty: no port.
	HTTP string
}

// SourceOptions name a source.
type SourceOptions struct {
	Name   string
	Labels map[string]string // of all events of the source
	Source Source
}

// Source reads records. Run is called once, by a goroutine of the source's own.
type Source interface {
	// Run hands over batches until ctx ends, the input ends (nil), or take returns an
	// error, which it returns. While take does not return, the source waits.
	Run(ctx context.Context, take func(*Batch) error) error
	// Status may be called by any goroutine.
	Status() SourceStatus
	// Close closes sockets, after Run or in place of Run.
	Close() error
}

// SourceStatus is how a source is.
type SourceStatus struct {
	Lost    uint64 // known losses, in records; of files, in bytes
	Behind  int64  // unread bytes; -1: not known
	Problem string // empty: none
}

// Batch is a list of records that a source hands over at once.
type Batch struct {
	Records []Record
	// Ack tells the source that the events of the batch are safe; may be nil.
	Ack func()
}

// Record is a line or message, valid until its batch is acknowledged.
type Record struct {
	Text   []byte
	Time   time.Time         // zero: not known
	Labels map[string]string // facts of the record: path, host, topic

	// Inode and Offset, or Place, tell the record from all records of the source, also after a
	// restart.
	Inode  uint64
	Offset int64
	Place  string

	Overlap     int  // bytes at the beginning of Text, repeated from the end of the record before
	Cut         bool // the next record continues this record, or it has no end
	Redelivered bool // the record may have been handed over before
}

func (r *Record) place() []byte {
	if r.Place != "" {
		return []byte(r.Place)
	}
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 16), r.Inode)
	return binary.LittleEndian.AppendUint64(b, uint64(r.Offset))
}

// Status is how a watcher is at a moment.
type Status struct {
	Sources  []SourceState
	Sinks    []SinkStatus
	Matching error // why nothing is matched for now; nil: all is well
	Unsure   Unsure
	Stopping bool
}

// SourceState is the status of a source with counters of the watcher.
type SourceState struct {
	Name    string
	Records uint64
	Events  uint64
	SourceStatus
}

// watcher is a running Run.
type watcher struct {
	Options
	outlets []*outlet
	counts  []counts // by source
	records atomic.Uint64
	hits    hits

	mu       sync.Mutex
	matching error
	unsure   Unsure
	stopping bool
}

type counts struct{ records, events atomic.Uint64 }

const (
	// stopGrace is how long a sink may take for the event in Send when the watcher is
	// told to stop.
	stopGrace = 3 * time.Second
	// endPatience is how long a sink may make no progress after the end of all input, before
	// the queue is given up.
	endPatience = 30 * time.Second
	// pulseEvery is the time between two calls of Options.Pulse.
	pulseEvery = time.Second
)

// Run watches until ctx ends, or until all sources have ended and all events were sent.
// Run closes the sources and sinks. An error means that the start or a source
// failed, or that events were lost at the end.
func Run(ctx context.Context, o Options) error {
	w := &watcher{Options: o, counts: make([]counts, len(o.Sources))}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		for i := range o.Sources {
			if err := o.Sources[i].Source.Close(); err != nil {
				w.Log.Warn("the source did not end well", "source", o.Sources[i].Name, "error", err)
			}
		}
	}()
	if err := w.open(); err != nil {
		for i := range o.Sinks {
			err = errors.Join(err, o.Sinks[i].Sink.Close())
		}
		return err
	}
	var port *httpServer
	if o.HTTP != "" {
		w.hits.on = true
		var err error
		if port, err = serveHTTP(o.HTTP, w.metrics, w.Log); err != nil {
			for _, out := range w.outlets {
				out.end()
			}
			return err
		}
	}
	defer port.close()
	return w.run(ctx)
}

func (w *watcher) open() error {
	s := store{run: w.Options.Run, folder: w.State}
	all := newQueues()
	names := make(map[string]bool)
	for _, o := range w.Sinks {
		names[o.Name] = true
	}
	if s.keeps() {
		s.tidy(names, w.Log)
	}
	for _, o := range w.Sinks {
		out, err := openOutlet(o, all, s, w.Log)
		if err != nil {
			return err
		}
		w.outlets = append(w.outlets, out)
	}
	return nil
}

func (w *watcher) run(ctx context.Context) error {
	reading, stopReading := context.WithCancel(ctx)
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	sends, endSends := context.WithCancel(context.WithoutCancel(ctx))
	defer stopReading()
	defer stopSending()
	defer endSends()

	var sinks, sources, pulse sync.WaitGroup
	for _, out := range w.outlets {
		sinks.Go(func() { out.deliver(sending, sends) })
		sinks.Go(func() { out.keepLimits(sending) })
	}
	failures := make([]error, len(w.Sources))
	for i := range w.Sources {
		sources.Go(func() {
			if failures[i] = w.follow(reading, i); failures[i] != nil {
				stopReading() // a watch needs all its sources
			}
		})
	}
	if w.Pulse != nil {
		pulse.Go(func() { w.beat(sending) })
	}
	if w.Report != nil {
		pulse.Go(func() { w.report(sending) })
	}
	sources.Wait()
	w.mu.Lock()
	w.stopping = true
	w.mu.Unlock()
	if ctx.Err() == nil && errors.Join(failures...) == nil {
		w.drain(ctx)
	}
	stopSending()
	grace := time.AfterFunc(stopGrace, endSends)
	sinks.Wait()
	grace.Stop()
	pulse.Wait()
	err := errors.Join(failures...)
	for _, out := range w.outlets {
		if lost := out.end(); lost > 0 {
			err = errors.Join(err, fmt.Errorf("%d events for the sink %s were not sent and are lost; with --state DIR they are kept for the next start", lost, out.Name))
		}
	}
	return err
}

// drain waits until all events are sent, and summaries of rate limits that nobody would
// keep. A sink that makes no progress is given up.
func (w *watcher) drain(ctx context.Context) {
	for _, out := range w.outlets {
		if out.limiter == nil || out.store.keeps() {
			continue
		}
		out.mu.Lock()
		summaries := out.limiter.flush()
		out.mu.Unlock()
		patient, cancel := context.WithTimeout(ctx, endPatience)
		_ = out.queue.put(patient, summaries...)
		cancel()
	}
	for _, out := range w.outlets {
		patience := time.NewTimer(endPatience)
		for {
			if n, _, _, _, _ := out.queue.status(); n == 0 {
				break
			}
			select {
			case <-out.progress:
				patience.Reset(endPatience)
				continue
			case <-patience.C:
			case <-ctx.Done():
			}
			break
		}
		patience.Stop()
	}
}

func (w *watcher) beat(ctx context.Context) {
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	for {
		w.Pulse(w.status())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			w.Pulse(w.status())
			return
		}
	}
}

func (w *watcher) status() *Status {
	s := &Status{}
	for i := range w.Sources {
		s.Sources = append(s.Sources, SourceState{
			Name: w.Sources[i].Name, Records: w.counts[i].records.Load(), Events: w.counts[i].events.Load(),
			SourceStatus: w.Sources[i].Source.Status(),
		})
	}
	for _, out := range w.outlets {
		s.Sinks = append(s.Sinks, out.status())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Matching, s.Unsure, s.Stopping = w.matching, w.unsure, w.stopping
	return s
}

// follow runs one source to its end.
func (w *watcher) follow(ctx context.Context, i int) error {
	m, err := w.Matcher()
	if err != nil {
		return err
	}
	p := &pump{watcher: w, options: &w.Sources[i], counts: &w.counts[i], matcher: m}
	err = w.Sources[i].Source.Run(ctx, func(b *Batch) error { return p.take(ctx, b) })
	if ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("source %s: %w", w.Sources[i].Name, err)
	}
	return errors.Join(err, m.Close())
}

// pump takes the batches of a source through matcher and sinks.
type pump struct {
	*watcher
	options *SourceOptions
	counts  *counts
	matcher Matcher

	texts  [][]byte
	events []*Event
	batch  *Batch
	record uint64 // how many records came before the batch, of all sources
	last   int    // index of the record of shared
	shared Event  // the common fields of all events of a record
}

func (p *pump) take(ctx context.Context, b *Batch) error {
	n := uint64(len(b.Records))
	p.batch, p.record = b, p.records.Add(n)-n
	p.texts = p.texts[:0]
	for i := range b.Records {
		p.texts = append(p.texts, b.Records[i].Text)
	}
	if err := p.match(ctx); err != nil {
		return err
	}
	for _, out := range p.outlets {
		if err := out.offer(ctx, p.events); err != nil {
			return err
		}
	}
	p.counts.records.Add(n)
	p.counts.events.Add(uint64(len(p.events)))
	p.hits.note(p.events)
	clear(p.events)
	clear(p.texts)
	p.batch = nil
	if b.Ack != nil {
		b.Ack()
	}
	return nil
}

// Pauses before a failed matcher is asked again.
const (
	firstMatchPause = 200 * time.Millisecond
	lastMatchPause  = 5 * time.Second
)

// match leaves the events of the batch in p.events. A failed matcher is asked again until ctx
// ends.
func (p *pump) match(ctx context.Context) error {
	for pause := firstMatchPause; ; pause = min(2*pause, lastMatchPause) {
		p.events, p.last = p.events[:0], -1
		unsure, err := p.matcher.Match(ctx, p.texts, p.found)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.noteMatching(err, unsure)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *watcher) noteMatching(err error, unsure Unsure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if (err == nil) != (w.matching == nil) {
		if err != nil {
			w.Log.Warn("nothing can be matched for now: sources wait", "error", err)
		} else {
			w.Log.Info("records are matched again")
		}
	}
	w.matching = err
	if err == nil {
		if w.unsure.Refused == 0 && unsure.Refused > 0 {
			w.Log.Warn("the broker does not take a record for its size, so that it is not matched; raise the broker's limits")
		}
		w.unsure.add(unsure)
	}
}

// found makes an event of a match.
func (p *pump) found(i int, m *Match) {
	r := &p.batch.Records[i]
	// A match within the overlap was told with the piece before; and only a
	// regex that takes the seam for the beginning of the line can match at the seam.
	if r.Overlap > 0 && (m.End <= int64(r.Overlap) || m.Start == 0) {
		return
	}
	if m.Start < 0 || m.Start > m.End || m.End > int64(len(r.Text)) {
		return // a faulty matcher
	}
	if p.last != i {
		p.last = i
		p.share(uint64(i), r)
	}
	e := p.shared
	e.Rules, e.Rule, e.Severity, e.Message, e.Tags, e.Groups = m.Rules, m.Rule, m.Severity, m.Message, m.Tags, m.Groups
	e.Start, e.End = m.Start, m.End
	var short bool
	e.Text, short = cut(r.Text[m.Start:m.End], maxText)
	e.Cut = e.Cut || short
	e.ID = eventID(p.Board, e.Source, r.place(), r.Text, e.Rules, e.Rule, e.Start)
	p.events = append(p.events, &e)
}

// share makes the common fields of the events of record i.
func (p *pump) share(i uint64, r *Record) {
	e := Event{
		Time: r.Time, Board: p.Board, Source: p.options.Name, Labels: p.options.Labels,
		Redelivered: r.Redelivered, Cut: r.Cut, record: p.record + i + 1,
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if len(r.Labels) > 0 {
		e.Labels = maps.Clone(r.Labels)
		maps.Copy(e.Labels, p.options.Labels)
	}
	var short bool
	e.Line, short = cut(r.Text, maxLine)
	e.Cut = e.Cut || short
	p.shared = e
}

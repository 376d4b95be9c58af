package watch

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"trawl/edge/wire"
)

// reports keeps what a broker was told.
type reports struct {
	mu   sync.Mutex
	told []*wire.Report
	err  error
}

func (r *reports) take(_ context.Context, told *wire.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, told)
	return r.err
}

func (r *reports) all() []*wire.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*wire.Report(nil), r.told...)
}

// The broker is told at the start and when something has changed, and at the end that the
// watcher is gone.
func TestReportTellsTheBroker(t *testing.T) {
	r, l := &reports{}, &lines{text: []string{"a root", "b"}, after: make(chan struct{})}
	sink := &memory{}
	ended := make(chan error)
	go func() {
		ended <- Run(t.Context(), Options{
			Board: "attic", Version: "1.2", Matcher: wordsHere(t, "root"), Report: r.take,
			Sources: []SourceOptions{{Name: "log", Source: l}}, Sinks: []SinkOptions{{Name: "all", Sink: sink}},
		})
	}()
	eventually(t, "a report has the event", func() bool {
		all := r.all()
		last := all[max(0, len(all)-1):]
		return len(last) == 1 && last[0].Sources[0].Events == 1 && last[0].Sources[0].Records == 2 && last[0].Sinks[0].Delivered == 1
	})
	close(l.after)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	all := r.all()
	if last := all[len(all)-1]; !last.Stopping || last.Name != "attic" || all[0].Version != "1.2" || all[0].Sinks[0].State != wire.SinkReady {
		t.Errorf("%+v, then %+v", all[0], last)
	}
}

// A broker of another version is asked once, and told nothing at the end.
func TestReportThatIsRefusedHarmsNobody(t *testing.T) {
	r, sink := &reports{err: wire.Errorf(wire.BadRequest, "unknown op")}, &memory{}
	err := Run(t.Context(), Options{
		Board: "attic", Matcher: wordsHere(t, "root"), Report: r.take,
		Sources: []SourceOptions{{Name: "log", Source: &lines{text: []string{"root"}}}}, Sinks: []SinkOptions{{Name: "all", Sink: sink}},
	})
	if all := r.all(); err != nil || len(sink.got()) != 1 || len(all) != 1 || all[0].Stopping {
		t.Errorf("%v, %d events, %d reports", err, len(sink.got()), len(all))
	}
}

// However many sources there are and whatever they say, a broker takes the report.
func TestReportIsTakenByABroker(t *testing.T) {
	s := &Status{Matching: errors.New(strings.Repeat("\x1b", 500))}
	for range 100 {
		s.Sources = append(s.Sources, SourceState{Name: "web", SourceStatus: SourceStatus{Behind: 1 << 60, Lost: 1 << 63, Problem: strings.Repeat("\u2028<", 500)}, Records: 1 << 63, Events: 1 << 63})
		s.Sinks = append(s.Sinks, SinkStatus{Name: "phone", Waiting: 1 << 30, Delivered: 1 << 63, Dropped: 1 << 63, Away: errors.New(strings.Repeat("<\x00", 500))})
	}
	got, err := wire.ParseReport(wire.JSONFrame(s.report("attic", "1.2")))
	if err != nil || got.Omitted != 136 || got.Sinks[0].State != wire.SinkAway {
		t.Errorf("%v, %+v", err, got)
	}
}

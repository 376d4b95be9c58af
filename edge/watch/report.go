package watch

// Reports to the broker, for its status.

import (
	"context"
	"errors"
	"time"

	"trawl/edge/board"
	"trawl/edge/escape"
	"trawl/edge/wire"
)

// reportTimeout bounds how long a broker may take for a report.
const reportTimeout = 2 * time.Second

// report tells the broker how the watcher is, until ctx ends: every wire.ReportEvery when
// something has changed, else every wire.ReportAtMost. A broker that refuses the report, as one of an
// older version does, gets the next after wire.ReportAtMost.
func (w *watcher) report(ctx context.Context) {
	ticker := time.NewTicker(wire.ReportEvery)
	defer ticker.Stop()
	begun := time.Now()
	var told time.Time // of the last report, taken or refused
	var last string    // the last report, without its times
	taken, refused := false, false
	for {
		r := w.status().report(w.Board, w.Version)
		now := string(wire.JSONFrame(r))
		isDue := time.Since(told) >= wire.ReportAtMost
		if isDue || now != last && !refused {
			r.UptimeS = int64(time.Since(begun) / time.Second)
			if n, known := board.Written(0); known {
				r.WrittenBytes = &n
			}
			err := w.tell(ctx, r)
			var coded *wire.Error
			if errors.As(err, &coded) && !refused {
				w.Log.Debug("the broker does not take the report for its status", "error", err)
			}
			taken, refused = err == nil, coded != nil
			if taken || refused {
				last, told = now, time.Now()
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if taken {
				_ = w.tell(context.WithoutCancel(ctx), &wire.Report{Name: w.Board, Stopping: true})
			}
			return
		}
	}
}

func (w *watcher) tell(ctx context.Context, r *wire.Report) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return w.Report(ctx, r)
}

// report writes a status for a broker, with its bounds.
func (s *Status) report(name, version string) *wire.Report {
	r := &wire.Report{Name: name, Version: version, Sources: []wire.ReportSource{}, Sinks: []wire.ReportSink{}}
	if s.Matching != nil {
		r.Matching = s.Matching.Error()
	}
	sources, sinks := min(len(s.Sources), wire.MaxReportItems), min(len(s.Sinks), wire.MaxReportItems)
	r.Omitted = len(s.Sources) - sources + len(s.Sinks) - sinks
	for i := range s.Sources[:sources] {
		from := &s.Sources[i]
		source := wire.ReportSource{Name: from.Name, Records: from.Records, Events: from.Events, Lost: from.Lost, Problem: clip(from.Problem)}
		if from.Behind >= 0 {
			source.BehindBytes = &from.Behind
		}
		r.Sources = append(r.Sources, source)
	}
	for i := range s.Sinks[:sinks] {
		from := &s.Sinks[i]
		sink := wire.ReportSink{
			Name: from.Name, State: from.State(), Waiting: from.Waiting,
			Delivered: from.Delivered, Suppressed: from.Suppressed, Refused: from.Refused, Dropped: from.Dropped,
		}
		if from.Away != nil {
			sink.Problem = clip(from.Away.Error())
		}
		r.Sinks = append(r.Sinks, sink)
	}
	return r
}

// clip bounds a problem, so that those of all sources and sinks fit into a report.
func clip(s string) string { return escape.Cut(s, 150) }

// State is the state of the sink in one word of package wire.
func (s *SinkStatus) State() string {
	switch {
	case s.Blocking:
		return wire.SinkBlocking
	case s.Away != nil:
		return wire.SinkAway
	}
	return wire.SinkReady
}

package broker

// The metrics of watchers, at most maxWatchers of each family.

import "trawl/edge/wire"

func (e *promText) watchers(list []wire.WatcherStatus) {
	e.count(mWatchers, int64(len(list)))
	sums := make([]watcherSums, len(list))
	for i := range list {
		sums[i] = sumsOf(&list[i])
	}
	for _, f := range []struct {
		m  *metric
		of func(*watcherSums) uint64
	}{
		{mWatcherRecords, func(s *watcherSums) uint64 { return s.records }},
		{mWatcherEvents, func(s *watcherSums) uint64 { return s.events }},
		{mWatcherBehind, func(s *watcherSums) uint64 { return s.behind }},
		{mWatcherSuppressed, func(s *watcherSums) uint64 { return s.suppressed }},
		{mWatcherDropped, func(s *watcherSums) uint64 { return s.dropped }},
		{mWatcherWaiting, func(s *watcherSums) uint64 { return s.waiting }},
		{mWatcherAway, func(s *watcherSums) uint64 { return s.away }},
	} {
		for i := range list {
			e.value(f.m, float64(f.of(&sums[i])), list[i].Name, hostOf(list[i].Address))
		}
	}
}

// watcherSums are the counters of a watcher, of all its sources and sinks.
type watcherSums struct{ records, events, behind, suppressed, dropped, waiting, away uint64 }

func sumsOf(w *wire.WatcherStatus) (s watcherSums) {
	for i := range w.Sources {
		source := &w.Sources[i]
		s.records += source.Records
		s.events += source.Events
		if b := source.BehindBytes; b != nil {
			s.behind += uint64(max(0, *b))
		}
	}
	for i := range w.Sinks {
		sink := &w.Sinks[i]
		s.suppressed += sink.Suppressed
		s.dropped += sink.Dropped + sink.Refused
		s.waiting += uint64(max(0, sink.Waiting))
		if sink.State != wire.SinkReady {
			s.away++
		}
	}
	return s
}

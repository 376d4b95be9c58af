package main

// Watchers in a status document, for people.

import (
	"fmt"

	"trawl/edge/human"
	"trawl/edge/wire"
)

// printWatchers prints a line for each source, then one for each sink that is not well.
func (a *app) printWatchers(watchers []wire.WatcherStatus) {
	if len(watchers) == 0 {
		return
	}
	t := newTable("WATCHER", "SOURCE", "RECORDS", "BEHIND", "LOST", "EVENTS")
	for i := range watchers {
		w := &watchers[i]
		for j := range w.Sources {
			s := &w.Sources[j]
			behind := "-"
			if s.BehindBytes != nil {
				behind = human.Bytes(*s.BehindBytes)
			}
			t.row(w.Name, s.Name, s.Records, behind, s.Lost, s.Events)
		}
	}
	a.printTable("\n", t, "")
	t = newTable("WATCHER", "SINK", "STATE", "WAITING", "DELIVERED", "SUPPRESSED", "DROPPED")
	for i := range watchers {
		w := &watchers[i]
		for j := range w.Sinks {
			s := &w.Sinks[j]
			t.row(w.Name, s.Name, s.State, s.Waiting, s.Delivered, s.Suppressed, s.Dropped+s.Refused)
		}
	}
	a.printTable("\n", t, "")
	for i := range watchers {
		a.printWatcher(&watchers[i])
	}
}

// printWatcher prints what a watcher is about, and what is wrong with it.
func (a *app) printWatcher(w *wire.WatcherStatus) {
	written := ""
	if w.WrittenBytes != nil {
		written = ", " + human.Bytes(*w.WrittenBytes) + " written to disk since its start"
	}
	a.printf("watcher %s at %s: %s records a second%s, told %ds ago\n", w.Name, w.Address, fmt.Sprint(w.RecordsPerS), written, w.AgoS)
	if w.Omitted > 0 {
		a.printf("  %s more sources and sinks are not listed\n", human.Number(w.Omitted))
	}
	if w.Matching != "" {
		a.printf("  waiting to match: %s\n", w.Matching)
	}
	for i := range w.Sources {
		if p := w.Sources[i].Problem; p != "" {
			a.printf("  source %s: %s\n", w.Sources[i].Name, p)
		}
	}
	for i := range w.Sinks {
		if p := w.Sinks[i].Problem; p != "" {
			a.printf("  sink %s is %s: %s\n", w.Sinks[i].Name, w.Sinks[i].State, p)
		}
	}
}

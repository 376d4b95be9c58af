package main

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/worker"
	"trawl/worker/releases"
)

// openFunc is rules.Compile, or the Open of a store.
type openFunc func([]string, rules.Options) (*match.Pack, *rules.Report, error)

// liveRules opens rule sets, files by name; taker has releases in place of files, or is nil. They are loaded again when their files
// change, and on SIGHUP within a call of around, until stop is called; it reports
// false if a pack is still being opened.
func liveRules(files map[string][]string, open openFunc, closePack func(*match.Pack) error, taker *releases.Taker, around func(reload func()), log *slog.Logger) (sets *worker.RuleSets, stop func() bool, err error) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // from here on, so that a slow start survives it
	started := false                      // no Open is called before OpenRuleSets returns, but its own
	openFiles := func(set string) (*match.Pack, error) {
		if started {
			if err := rules.CheckRereadable(files[set]); err != nil {
				return nil, err
			}
		}
		pack, _, err := open(files[set], rules.Options{Name: set})
		return pack, err
	}
	fingerprint := func(set string) string { return rules.Fingerprint(files[set]) }
	source := worker.PackSource{Open: openFiles, Close: closePack, Fingerprint: fingerprint}
	if taker != nil {
		source.Open, source.Fingerprint = releasesFirst(taker, openFiles, fingerprint)
	}
	sets, err = worker.OpenRuleSets(slices.Collect(maps.Keys(files)), source, log)
	if err != nil {
		return nil, nil, err
	}
	started = true
	stopWatch := sets.Watch(hangup, around)
	return sets, func() bool {
		signal.Stop(hangup)
		return stopWatch()
	}, nil
}

// storedRules is liveRules with the packs in a store, which is cleaned up whenever
// a pack is not used any more.
func storedRules(files map[string][]string, store *rules.Store, taker *releases.Taker, around func(reload func()), log *slog.Logger) (sets *worker.RuleSets, stop func(), err error) {
	release := func(p *match.Pack) error {
		err := store.Release(p)
		store.Clean()
		return err
	}
	sets, stopWatch, err := liveRules(files, store.Open, release, taker, around, log)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	store.Clean()
	return sets, func() {
		if stopWatch() { // else the process ends with the packs open
			_ = store.Close()
		}
	}, nil
}

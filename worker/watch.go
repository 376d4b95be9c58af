package worker

import (
	"os"
	"time"

	"trawl/edge/files"
)

const (
	// watchEvery is how often the files of rules are looked at. A change must be
	// seen twice the same before they are loaded, as editors write in steps.
	watchEvery = 2 * time.Second
	// retryEvery is how long what could not be loaded is left alone while
	// nothing changes: a disk may be back by itself.
	retryEvery = time.Minute
)

// Watch loads rule sets again when their files change, and all of them for each
// signal from now, within a call of around, until stop is called. stop reports false if a compilation
// goes on that it did not want to wait for: then packs are still being opened.
//
// It is one goroutine, so one set is compiled at a time, beside the slots.
func (s *RuleSets) Watch(now <-chan os.Signal, around func(reload func())) (stop func() bool) {
	each := func(w *files.Watching, do func(set string)) {
		for _, name := range s.names {
			select {
			case <-w.Stopping():
				return
			default:
				do(name)
			}
		}
	}
	w := files.Watch(watchEvery, func(w *files.Watching) { each(w, s.look) },
		now, func(w *files.Watching) { around(func() { each(w, s.Reload) }) })
	return func() bool { return w.Stop(flushTime) }
}

// look loads a rule set again if its files have changed and then stayed the same
// for as long as it takes to look twice; see [files.Change].
func (s *RuleSets) look(name string) {
	set := s.sets[name]
	stamp := s.source.Stamp(name)
	set.mu.Lock()
	loaded, failed := set.stamp, set.failed
	set.mu.Unlock()
	retry := stamp == loaded && failed != nil && time.Since(failed.at) >= retryEvery
	if set.change.Seen(stamp, loaded) || retry {
		s.Reload(name)
	}
}

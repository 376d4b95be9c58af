package worker

import (
	"os"
	"time"
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
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		each := func(do func(set string)) {
			for _, name := range s.names {
				select {
				case <-done:
					return
				default:
					do(name)
				}
			}
		}
		for {
			select {
			case <-done:
				return
			case <-now:
				around(func() { each(s.Reload) })
			case <-ticker.C:
				each(s.look)
			}
		}
	}()
	return func() bool {
		close(done)
		select {
		case <-ended:
			return true
		case <-time.After(flushTime):
			return false
		}
	}
}

// look loads a rule set again if its files have changed and then stayed the same
// for as long as it takes to look twice.
func (s *RuleSets) look(name string) {
	set := s.sets[name]
	stamp := s.source.Stamp(name)
	set.mu.Lock()
	loaded, failed := set.stamp, set.failed
	set.mu.Unlock()
	switch {
	case stamp == loaded:
		set.pending = ""
		if failed == nil || time.Since(failed.at) < retryEvery {
			return
		}
	case stamp != set.pending:
		set.pending = stamp
		return
	}
	set.pending = ""
	s.Reload(name)
}

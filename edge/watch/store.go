package watch

// The files of queues and rate limits, for the next process.

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"trawl/edge/files"
)

// store is the two folders of a watcher: run is on a tmpfs and serves a running
// process; folder outlives a reboot and gets the rest at a clean end. Run may be "":
// then folder is used for both. Both empty: nothing is kept.
type store struct{ run, folder string }

const (
	queuePrefix = "queue-"
	limitPrefix = "limit-"
)

func (s store) keeps() bool { return s.folder != "" }

// live is the path of a file of a running process.
func (s store) live(name string) string {
	if s.run != "" {
		return filepath.Join(s.run, name)
	}
	return filepath.Join(s.folder, name)
}

// queue opens the file of a sink's queue and returns its events, left by the
// process before: in run, or after a reboot in folder.
func (s store) queue(sink string) (*queueFile, keptEvents, error) {
	if !s.keeps() {
		return nil, keptEvents{}, nil
	}
	path := s.live(queuePrefix + sink)
	if s.run != "" {
		if err := s.fetch(queuePrefix + sink); err != nil {
			return nil, keptEvents{}, err
		}
	}
	return openQueueFile(path)
}

// fetch moves a file from folder to run, unless run has the file, which is newer.
func (s store) fetch(name string) error {
	old, live := filepath.Join(s.folder, name), filepath.Join(s.run, name)
	if _, err := os.Stat(live); errors.Is(err, fs.ErrNotExist) {
		data, err := files.Read(old, maxQueueFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = writeFile(live, data)
		}
		if err != nil {
			return err
		}
	}
	return removeFile(old)
}

// saveQueue saves the events of q for a process after a reboot.
func (s store) saveQueue(sink string, q *queue) error {
	if !s.keeps() || s.run == "" {
		return nil
	}
	var events []*Event
	q.each(func(e *Event) { events = append(events, e) })
	return saveEvents(filepath.Join(s.folder, queuePrefix+sink), events, q.line)
}

// limits returns the saved rate limit of a sink; nil: none.
func (s store) limits(sink string) ([]byte, error) {
	if !s.keeps() {
		return nil, nil
	}
	name := limitPrefix + sink
	if s.run != "" {
		if err := s.fetch(name); err != nil {
			return nil, err
		}
	}
	data, err := files.Read(s.live(name), maxQueueFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// saveLimits keeps a rate limit: for a crash, or with end for a reboot as well.
func (s store) saveLimits(sink string, data []byte, end bool) error {
	if !s.keeps() {
		return nil
	}
	err := writeFile(s.live(limitPrefix+sink), data)
	if end && s.run != "" {
		err = errors.Join(err, writeFile(filepath.Join(s.folder, limitPrefix+sink), data))
	}
	return err
}

// tidy removes files of sinks that are not configured any more.
func (s store) tidy(sinks map[string]bool, log *slog.Logger) {
	for _, folder := range []string{s.run, s.folder} {
		if folder == "" {
			continue
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			name, isQueue := strings.CutPrefix(entry.Name(), queuePrefix)
			if !isQueue {
				var isLimit bool
				if name, isLimit = strings.CutPrefix(entry.Name(), limitPrefix); !isLimit {
					continue
				}
			}
			if sinks[strings.TrimSuffix(name, ".new")] {
				continue
			}
			if os.Remove(filepath.Join(folder, entry.Name())) == nil && isQueue {
				log.Warn("events for a sink that is not configured any more are dropped", "sink", name)
			}
		}
	}
}

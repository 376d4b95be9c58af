package main

// The section watch of a configuration, held against this board.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"trawl/edge/config"
	"trawl/edge/doctor"
	"trawl/edge/watch"
)

// watchProblems returns secrets that cannot be read or that others can read, and missing
// programs.
func watchProblems(c *config.Config) (problems []error) {
	check := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	for i := range c.Watch.Sources {
		if path := sourceSecret(&c.Watch.Sources[i]); path != "" {
			_, err := watch.Secret(path)
			check("source "+c.Watch.Sources[i].Name, err)
		}
	}
	for i := range c.Watch.Sinks {
		s := &c.Watch.Sinks[i]
		if path := sinkSecret(s); path != "" {
			_, err := watch.Secret(path)
			check("sink "+s.Name, err)
		}
		if s.Exec != nil {
			_, err := exec.LookPath(s.Exec.Command[0])
			check("sink "+s.Name, err)
		}
	}
	return problems
}

// sourceSecret returns the file of a source's password; empty: there is none.
func sourceSecret(s *config.WatchSource) string {
	if s.MQTT != nil {
		return s.MQTT.PasswordFile
	}
	return ""
}

// sinkSecret returns the file of a sink's token or password; empty: there is none.
func sinkSecret(s *config.WatchSink) string {
	switch {
	case s.Webhook != nil:
		return s.Webhook.TokenFile
	case s.MQTT != nil:
		return s.MQTT.PasswordFile
	}
	return ""
}

// watchSecrets lists the files of all secrets.
func watchSecrets(c *config.Config) (files []string) {
	for i := range c.Watch.Sources {
		files = append(files, sourceSecret(&c.Watch.Sources[i]))
	}
	for i := range c.Watch.Sinks {
		files = append(files, sinkSecret(&c.Watch.Sinks[i]))
	}
	return slices.DeleteFunc(files, func(path string) bool { return path == "" })
}

// watchServes reports why a watcher of this configuration cannot be a service.
func watchServes(c *config.Config) error {
	w := &c.Watch
	if len(w.Sources) == 0 || len(w.Sinks) == 0 {
		return errors.New("a watcher needs sources and sinks: name them in the configuration, as in watch: {sources: [{file: /var/log/syslog}], sinks: [{file: /var/log/trawl/events.jsonl}]}")
	}
	journal := slices.ContainsFunc(w.Sources, func(s config.WatchSource) bool { return s.Journal != nil })
	for i := range w.Sources {
		if w.Sources[i].Stdin != nil {
			return fmt.Errorf("source %s: a service has no standard input: name a file, or run trawl watch behind the pipe", w.Sources[i].Name)
		}
	}
	for i := range w.Sinks {
		if w.Sinks[i].Stdout != nil && journal {
			return fmt.Errorf("sink %s: the standard output of a service is the journal, which a source reads: each event would be read again; take a sink file", w.Sinks[i].Name)
		}
	}
	if c.IsSet("client.brokers") {
		return nil
	}
	for _, set := range w.Rules {
		if len(c.Worker.Rules[set]) == 0 {
			return fmt.Errorf("a watcher needs rules: name them in the configuration, as in worker: {rules: {%s: [words.txt]}}, or name brokers that have them in client.brokers", set)
		}
		for _, f := range c.Worker.Rules[set] {
			if _, err := os.Stat(f); err != nil {
				return fmt.Errorf("rules %s: %w", set, err)
			}
		}
	}
	return nil
}

// maxFollowed bounds how many followed files are examined.
const maxFollowed = 100

// followed returns files that the sources follow now, maxFollowed at most.
func followed(c *config.Config) (paths []string) {
	for i := range c.Watch.Sources {
		if s := c.Watch.Sources[i].File; s != nil {
			paths = append(paths, matching(s)...)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	return paths[:min(len(paths), maxFollowed)]
}

// followedPatterns counts what the patterns of all sources match now.
func followedPatterns(c *config.Config) (list []doctor.Pattern) {
	for i := range c.Watch.Sources {
		s := &c.Watch.Sources[i]
		if s.File == nil {
			continue
		}
		for _, pattern := range s.File.Paths {
			one := config.WatchFiles{Paths: []string{pattern}, Exclude: s.File.Exclude}
			list = append(list, doctor.Pattern{Source: s.Name, Pattern: pattern, Files: len(matching(&one))})
		}
	}
	return list
}

// matching returns the regular files of a source.
func matching(s *config.WatchFiles) (paths []string) {
	for _, pattern := range s.Paths {
		found, _ := filepath.Glob(pattern)
		for _, path := range found {
			info, err := os.Stat(path)
			isExcluded := slices.ContainsFunc(s.Exclude, func(p string) bool {
				whole, _ := filepath.Match(p, path)
				name, _ := filepath.Match(p, filepath.Base(path))
				return whole || name
			})
			if !isExcluded && (err != nil || info.Mode().IsRegular()) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

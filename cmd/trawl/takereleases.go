package main

// A worker's releases: where they are kept, who may sign them, and what memory there is for them.

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"trawl/edge/board"
	"trawl/edge/config"
	"trawl/edge/match"
	"trawl/edge/release"
	"trawl/edge/rules"
	"trawl/worker"
	"trawl/worker/releases"
)

// releaseTaker makes what takes releases for a worker; nil: no rule set does.
func releaseTaker(c *config.Config, env []string, name string, store *rules.Store, log *slog.Logger) (*releases.Taker, error) {
	if len(c.Worker.Releases) == 0 {
		return nil, nil
	}
	dir := stateDir(c.Worker.StateDir, env)
	if dir == "" {
		return nil, errors.New("a worker that takes releases needs a folder to keep them: give it worker.state_dir")
	}
	sets := make(map[string]*release.TrustFile)
	for set, file := range c.Worker.Releases {
		if file == config.TrustNone {
			sets[set] = release.FixedTrust(release.TrustAnything())
			continue
		}
		trust, err := release.OpenTrust(file)
		if err != nil {
			return nil, err
		}
		sets[set] = trust
	}
	if name == "" {
		name, _ = os.Hostname()
	}
	slots := c.Worker.Slots
	if slots == 0 {
		slots = cores()
	}
	return releases.New(releases.Options{
		Folder: filepath.Join(dir, "releases"), Worker: name, Slots: slots, Sets: sets, Log: log, Free: freeMemory,
		OpenPack: store.OpenPack,
		Compile: func(set string, sources []string, path string) error {
			_, _, err := compileTo(path, sources, rules.Options{Name: set})
			return err
		},
		Test: testSources,
	}), nil
}

// testSources runs the examples of those sources that have some.
func testSources(sources []string) error {
	var tested []string
	for _, path := range sources {
		if isRuleFile(path) {
			tested = append(tested, path)
		}
	}
	if len(tested) == 0 {
		return nil
	}
	report, err := rules.TestExamples(tested)
	if len(report.Failures) > 0 {
		return errors.New("an example does not hold on this board: " + report.Failures[0].String())
	}
	if report.Examples == 0 && report.Rules > 0 {
		return nil // there are none
	}
	return err
}

// freeMemory is what the board, and the control group, have left, in bytes; 0: not known.
func freeMemory() int64 {
	free := board.ReadHealth().Available
	if limit, err := memlimit.FromCgroup(); err == nil && limit > 0 && limit < 1<<62 {
		if left := max(1, int64(limit)-board.Resident()); free == 0 || left < free {
			free = left
		}
	}
	return free
}

// releasesFirst opens the release of a rule set that takes releases, and files in its absence.
func releasesFirst(t *releases.Taker, open func(set string) (*match.Pack, error), fingerprint func(set string) string) (
	func(set string) (*match.Pack, error), func(set string) string,
) {
	first := func(set string) (*match.Pack, error) {
		if !t.Takes(set) {
			return open(set)
		}
		return t.Open(set, func() (*match.Pack, error) { return open(set) })
	}
	changes := func(set string) string {
		if !t.Takes(set) {
			return fingerprint(set)
		}
		return t.Fingerprint(set, func() string { return fingerprint(set) })
	}
	return first, changes
}

// runTaker takes releases for a worker until the function returned is called.
func runTaker(t *releases.Taker, o *worker.Options) (stop func()) {
	if t == nil {
		return func() {}
	}
	o.Releases = t
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { t.Run(ctx, o.RuleSets.Reload) })
	return func() {
		cancel()
		running.Wait()
		t.End()
	}
}

// isRuleFile reports whether a source is a rule file, which may have examples.
func isRuleFile(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
}

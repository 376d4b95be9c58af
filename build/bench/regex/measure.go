// Measuring: matchers take turns on each text.

package main

import (
	"errors"
	"fmt"
	"sync"

	"trawl/build/bench/internal/lab"
)

// measured is a rule set on a text, with what was found out.
type measured struct {
	set         *ruleSet
	text        *text
	name        string // of the text
	running     []*running
	cpu         map[*peer][]float64 // seconds for a line, one for each run
	slow, once  map[*peer]bool      // it gets the sample; and that once only
	checked     int                 // lines that everybody's hits were compared on
	hits        int                 // of trawl in these
	differences map[*peer]map[string]int
	example     string
}

func newMeasured(s *ruleSet, name string, running []*running) *measured {
	return &measured{
		set: s, name: name, running: running,
		cpu: map[*peer][]float64{}, slow: map[*peer]bool{}, once: map[*peer]bool{}, differences: map[*peer]map[string]int{},
	}
}

// of returns the process of a peer.
func (m *measured) of(p *peer) *running {
	for _, r := range m.running {
		if r.peer == p {
			return r
		}
	}
	return nil
}

// measureSet measures a rule set on its texts.
func (b *bench) measureSet(s *ruleSet) ([]*measured, error) {
	var names []string
	for _, name := range s.texts {
		if b.Wanted(s.name + ": " + name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	if err := s.prepare(b); err != nil {
		return nil, err
	}
	running, err := b.startAll(s)
	for _, r := range running {
		defer r.Stop()
	}
	if err != nil {
		return nil, err
	}
	var all []*measured
	for _, name := range names {
		m := newMeasured(s, name, running)
		if m.text, err = b.makeText(s, name); err != nil {
			return nil, err
		}
		lab.Progress(s.name + ": " + name + ": checking")
		if err := b.probe(m); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := b.check(m); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := b.takeTurns(m); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// startAll starts the matchers all at once: Hyperscan compiles for long.
func (b *bench) startAll(s *ruleSet) (all []*running, err error) {
	path, err := b.writeRules(s)
	if err != nil {
		return nil, err
	}
	lab.Progress(s.name + ": compiling")
	peers := peersOf(s)
	all = make([]*running, len(peers))
	errs := make([]error, len(peers))
	var started sync.WaitGroup
	for i, p := range peers {
		started.Go(func() { all[i], errs[i] = b.start(p, path) })
	}
	started.Wait()
	return all, errors.Join(errs...)
}

// patience is how long a pass over a text may take, in seconds of CPU time:
// matchers that need longer get its sample.
const patience = 5

// probe finds out who is too slow for the whole text; who fills a cache by the
// first pass gets another.
func (b *bench) probe(m *measured) error {
	tooSlow := func(took float64) bool { return took/sampleLines*textLines > patience }
	for _, r := range m.running {
		took, err := r.scan(m.text.sample, 0)
		if err == nil && tooSlow(took) && took < patience {
			took, err = r.scan(m.text.sample, 0)
		}
		if err != nil {
			return err
		}
		m.slow[r.peer], m.once[r.peer] = tooSlow(took), took > patience
	}
	return nil
}

// takeTurns measures run after run; the turn that begins changes.
func (b *bench) takeTurns(m *measured) error {
	for run := range b.Runs {
		for i := range m.running {
			r := m.running[(i+run)%len(m.running)]
			if m.once[r.peer] && run > 0 {
				continue
			}
			lab.Progress(fmt.Sprintf("%s: %s: run %d of %d: %s", m.set.name, m.name, run+1, b.Runs, r.peer.name))
			path, lines := m.text.path, textLines
			if m.slow[r.peer] {
				path, lines = m.text.sample, sampleLines
			}
			took, err := r.scan(path, b.Seconds)
			if err != nil {
				return err
			}
			m.cpu[r.peer] = append(m.cpu[r.peer], took/float64(lines))
		}
	}
	return nil
}

// scan returns the CPU time of a pass.
func (r *running) scan(path string, seconds float64) (float64, error) {
	var answer struct {
		CPU float64 `json:"cpu_s"`
	}
	err := r.Ask(&answer, "scan %s %g", path, seconds)
	return answer.CPU, err
}

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
	hits        int                 // of trawl in the whole text
	differences map[*peer]map[string]int
	example     string
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
		if b.wanted(s.name + ": " + name) {
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
		m := &measured{set: s, name: name, running: running, cpu: map[*peer][]float64{}, differences: map[*peer]map[string]int{}}
		if m.text, err = b.makeText(s, name); err != nil {
			return nil, err
		}
		lab.Progress(s.name + ": " + name + ": checking")
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
	all = make([]*running, len(peers))
	errs := make([]error, len(peers))
	var started sync.WaitGroup
	for i, p := range peers {
		started.Go(func() { all[i], errs[i] = b.start(p, path) })
	}
	started.Wait()
	return all, errors.Join(errs...)
}

// takeTurns measures run after run; the turn that begins changes. Slow ones
// get the sample, and a pass over it is enough.
func (b *bench) takeTurns(m *measured) error {
	for run := range b.runs {
		for i := range m.running {
			r := m.running[(i+run)%len(m.running)]
			if r.peer.slow && run > 0 {
				continue
			}
			lab.Progress(fmt.Sprintf("%s: %s: run %d of %d: %s", m.set.name, m.name, run+1, b.runs, r.peer.name))
			path, lines := m.text.path, textLines
			if r.peer.slow {
				path, lines = m.text.sample, sampleLines
			}
			var answer struct {
				CPU float64 `json:"cpu_s"`
			}
			if err := r.Ask(&answer, "scan %s %g", path, b.seconds); err != nil {
				return err
			}
			m.cpu[r.peer] = append(m.cpu[r.peer], answer.CPU/float64(lines))
		}
	}
	return nil
}

// wanted reports whether something is to be measured.
func (b *bench) wanted(name string) bool { return b.only.MatchString(name) }

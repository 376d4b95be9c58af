// Measuring a group: everybody compiles the words, all have to find the same,
// then they take turns.

package main

import (
	"fmt"
	"io"
	"os"

	"trawl/build/bench/internal/lab"
)

// result holds the samples of one matcher on one text.
type result struct {
	group, text string
	peer        *peer
	bytes       int64
	cpu         []float64 // seconds for a pass, one for each run
	matches     int
	against     *result // trawl's
	note        string
}

// measured is a group with what was found out.
type measured struct {
	*group
	running []*running
	results []*result
	notes   []string
}

func (b *bench) measureGroups(w io.Writer) error {
	var all []*measured
	for _, g := range groups {
		if !b.Wanted(g.name) {
			continue
		}
		m, err := b.measureGroup(g)
		lab.Progress("")
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		all = append(all, m)
	}
	if len(all) > 0 {
		printSpeeds(w, all)
		printWorst(w, all)
		printMemory(w, all)
	}
	return nil
}

func (b *bench) measureGroup(g *group) (*measured, error) {
	m := &measured{group: g}
	defer m.stop()
	words := g.words(b)
	if err := b.prepare(g, words); err != nil {
		return nil, err
	}
	if err := b.startAll(m, words); err != nil {
		return nil, err
	}
	for _, text := range g.texts {
		lab.Progress(g.name + ": " + text + ": checking")
		row, err := b.check(m, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		if err := b.takeTurns(m, row); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		m.results = append(m.results, row...)
	}
	return m, nil
}

func (m *measured) stop() {
	for _, r := range m.running {
		r.Stop()
	}
}

// prepare writes the texts that depend on the words.
func (b *bench) prepare(g *group, words []string) error {
	if g.texts[0] == "sub_requests" {
		return os.WriteFile(b.text("sub_requests"), []byte(nestedText()), 0o644)
	}
	if len(g.texts) > 1 {
		return b.makeAdversarial(words)
	}
	return nil
}

func (b *bench) startAll(m *measured, words []string) error {
	path, err := b.writeWords(m.name, words)
	if err != nil {
		return err
	}
	for _, p := range m.peers {
		if need := memoryNeeded(p, words); need > lab.FreeMemory() {
			m.notes = append(m.notes, fmt.Sprintf("%s needs %.1f GB for %s, which are not free.", p.name, float64(need)/1e9, m.name))
			continue
		}
		lab.Progress(m.name + ": " + p.name + " compiles")
		r, err := b.start(p, path)
		if err != nil && notYet(p, err) {
			m.notes = append(m.notes, fmt.Sprintf("%s: this version has no such engine.", p.name))
			continue
		} else if err != nil {
			return err
		}
		m.running = append(m.running, r)
	}
	return nil
}

// check has everybody find all matches once, and compares.
func (b *bench) check(m *measured, text string) ([]*result, error) {
	info, err := os.Stat(b.text(text))
	if err != nil {
		return nil, err
	}
	var row []*result
	var places, rules checked
	reference := m.running[0]
	if err := reference.Ask(&places, "check %s", b.text(text)); err != nil {
		return nil, err
	}
	if err := reference.Ask(&rules, "rules %s", b.text(text)); err != nil {
		return nil, err
	}
	var inOrder bool
	if err := reference.Ask(&inOrder, "order %s", b.text(text)); err != nil {
		return nil, err
	}
	for _, r := range m.running {
		result := &result{group: m.name, text: text, peer: r.peer, bytes: info.Size()}
		row = append(row, result)
		if r == reference {
			continue
		}
		result.against = row[0]
		want := places
		if r.peer.idsOnly {
			want = rules
		}
		var got checked
		if err := r.Ask(&got, "check %s", b.text(text)); err != nil {
			return nil, err
		}
		switch {
		case got == want:
		case r.peer.foreign:
			result.note = fmt.Sprintf("%+d matches", got.Matches-want.Matches)
		default:
			return nil, fmt.Errorf("%s finds %d matches (sum %s), trawl %d (sum %s)", r.peer.name, got.Matches, got.Sum,
				want.Matches, want.Sum)
		}
	}
	return row, nil
}

// takeTurns measures run after run; the turn that begins changes.
func (b *bench) takeTurns(m *measured, row []*result) error {
	for run := range b.Runs {
		for i := range row {
			n := (i + run) % len(row)
			lab.Progress(fmt.Sprintf("%s: %s: run %d of %d: %s", m.name, row[n].text, run+1, b.Runs, row[n].peer.name))
			var s sample
			if err := m.running[n].Ask(&s, "scan %s %g", b.text(row[n].text), b.Seconds); err != nil {
				return err
			}
			row[n].cpu = append(row[n].cpu, s.CPU)
			row[n].matches = s.Matches
		}
	}
	return nil
}

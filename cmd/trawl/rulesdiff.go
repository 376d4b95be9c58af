package main

// trawl rules diff: what two releases find in the same texts.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"trawl/edge/escape"
	"trawl/edge/files"
	"trawl/edge/match"
	"trawl/edge/release"
)

func (a *app) rulesDiffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff OLD NEW TEXT…",
		Short: "Compare what two releases, or packs, find in texts",
		Long: `Compare what two releases, or packs, find in the lines of texts: for each rule the lines
that only the old one, and that only the new one finds. Nothing is asked of a fleet.

The exit status is 0 if both find the same, 1 if they do not, 2 after an error.`,
		Example: "  trawl rules diff pii-7.release pii-8.release app.log",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 3 {
				return usage(cmd, "name the old release, the new one, and at least one text")
			}
			return nil
		},
	}
	lines := cmd.Flags().Int("lines", 3, "lines that are shown for each rule and side")
	placeholder(cmd.Flags(), "lines", "NUMBER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *lines < 0 {
			return usage(cmd, "--lines takes a number from 0 on")
		}
		d := ruleDiff{rules: make(map[string]*ruleDifference), most: *lines}
		for i, path := range args[:2] {
			p, err := openPackOf(path)
			if err != nil {
				return err
			}
			defer p.Close()
			d.side[i] = diffSide{pack: p, scratch: p.NewScratch()}
		}
		for _, path := range args[2:] {
			if err := d.read(path, a.in); err != nil {
				return err
			}
		}
		a.printDiff(&d)
		return nil
	}
	return cmd
}

// openPackOf opens a pack, or the pack of a release file.
func openPackOf(path string) (*match.Pack, error) {
	f, _, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := release.NewReader(f)
	if errors.Is(err, release.ErrNotRelease) {
		return match.OpenMapped(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	temp, err := os.CreateTemp("", "trawl-diff-*.pack")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name()) // the mapping stays
	defer temp.Close()
	if err := copyPack(temp, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p, err := match.Map(temp)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// copyPack writes the first member of a release. A chunk may be in several places of the member.
func copyPack(w io.WriterAt, r *release.Reader) error {
	places := make(map[release.Hash][]int64)
	for i, hash := range r.Release.Members[0].Chunks {
		places[hash] = append(places[hash], int64(i)*release.ChunkSize)
	}
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, at := range places[c.Hash] {
			if _, err := w.WriteAt(c.Plain, at); err != nil {
				return err
			}
		}
	}
}

// ruleDiff compares two packs, line by line.
type ruleDiff struct {
	side  [2]diffSide // old, new
	rules map[string]*ruleDifference
	most  int // lines kept for each rule and side
	lines int64
}

type diffSide struct {
	pack    *match.Pack
	scratch *match.Scratch
}

// ruleDifference is what becomes of a rule, on either side alone.
type ruleDifference struct {
	only  [2]int64
	lines [2][]string
}

// maxDiffLine is the most bytes of a line that are compared; longer lines are compared in pieces.
const maxDiffLine = 1 << 20

// read compares the lines of a text; "-" is standard input.
func (d *ruleDiff) read(path string, stdin io.Reader) error {
	in := stdin
	if path != "-" {
		f, _, err := files.OpenInput(path)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, maxDiffLine)
	for number := 1; ; number++ {
		line, err := r.ReadSlice('\n')
		if len(line) > 0 {
			d.compare(path, number, line)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// compare looks which rules match on one side alone.
func (d *ruleDiff) compare(path string, number int, line []byte) {
	d.lines++
	if n := len(line); line[n-1] == '\n' {
		line = line[:n-1]
	}
	var found [2]map[string]bool
	for i := range d.side {
		s := &d.side[i]
		result := s.pack.Scan(s.scratch, line, match.Query{Want: match.WantRules})
		found[i] = make(map[string]bool)
		for _, m := range result.Matches {
			found[i][string(s.pack.MatchID(m, line))] = true
		}
	}
	for i := range found {
		for id := range found[i] {
			if found[1-i][id] {
				continue
			}
			diff := d.rules[id]
			if diff == nil {
				diff = &ruleDifference{}
				d.rules[id] = diff
			}
			diff.only[i]++
			if len(diff.lines[i]) < d.most {
				diff.lines[i] = append(diff.lines[i], fmt.Sprintf("%s:%d: %s", filepath.Base(path), number, escape.Cut(string(line), 200)))
			}
		}
	}
}

func (a *app) printDiff(d *ruleDiff) {
	if len(d.rules) == 0 {
		a.printf("both find the same in %d lines\n", d.lines)
		return
	}
	a.status = statusNoMatch
	t := newTable("RULE", "ONLY OLD", "ONLY NEW")
	ids := slices.Sorted(maps.Keys(d.rules))
	for _, id := range ids {
		t.row(id, d.rules[id].only[0], d.rules[id].only[1])
	}
	a.printTable("", t, "")
	for _, id := range ids {
		for i, sign := range []string{"-", "+"} {
			for _, line := range d.rules[id].lines[i] {
				a.printf("%s %s  %s\n", sign, id, line)
			}
		}
	}
}

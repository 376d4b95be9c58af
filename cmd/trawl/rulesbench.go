package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/files"
	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/problem"
	"trawl/edge/rules"
)

func (a *app) rulesBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench FILE… TEXT",
		Short: "Measure every engine with your rules on your text",
		Long: `Compile word lists and rule files with every engine that they fit, scan TEXT with
each, and say what memory it takes, how fast it is and which one auto takes. Engines
take turns; of several runs the fastest counts. Regexes are part of the scan.

A pack is measured with the engine that it was compiled for, by one stream and by
lanes: to compare engines, give what it was compiled from.`,
		Example: `  trawl rules bench words.txt /var/log/syslog
  trawl rules bench --json indicators.pack mail.mbox`,
		Args: cobra.MinimumNArgs(2),
	}
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	took := cmd.Flags().Duration("time", 2*time.Second, "how long to measure in all")
	placeholder(cmd.Flags(), "time", "DURATION")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		list, path := args[:len(args)-1], args[len(args)-1]
		text, err := files.ReadInput(path, maxBenchText)
		if errors.Is(err, files.ErrTooLarge) {
			return fmt.Errorf("%s has more than %s, and all of it would be in memory: take a part of it", path, "1 GiB")
		}
		if err != nil {
			return err
		}
		if len(text) == 0 {
			return fmt.Errorf("%s is empty: give a text as yours are", path)
		}
		b, err := newBench(list)
		if err != nil {
			return err
		}
		defer b.close()
		b.measure(text, *took)
		if *asJSON {
			return a.printBenchJSON(b, len(text))
		}
		a.printBench(b)
		return nil
	}
	return cmd
}

// maxBenchText is the longest text that is measured with, in bytes.
const maxBenchText = 1 << 30

// bench is a set of rules compiled for several engines.
type bench struct {
	Engine  string      `json:"engine"` // the one that auto takes, or the pack's
	Why     string      `json:"why,omitempty"`
	Rows    []*benchRow `json:"measured"`
	Refused []refusal   `json:"refused"`
}

type benchRow struct {
	Engine string  `json:"engine"`
	Way    string  `json:"way,omitempty"` // how its automata go through a text, if there is a choice
	Memory int64   `json:"memory"`        // bytes; of a pack: its size
	MBs    float64 `json:"mb_per_second"`
	Found  int64   `json:"found"`
	Want   string  `json:"want"` // what was asked for: not every engine can tell places

	pack *match.Pack
	best time.Duration
}

// refusal is an engine that the rules do not fit.
type refusal struct {
	Engine string `json:"engine"`
	Why    string `json:"why"`
}

// newBench compiles the rules for each engine; of a pack there is but one.
func newBench(files []string) (*bench, error) {
	pack, report, err := rules.Compile(files, rules.Options{})
	if err != nil {
		return nil, err
	}
	defer pack.Close()
	b := &bench{Engine: pack.Info().Engine, Refused: []refusal{}}
	if len(report.Files) == 1 && report.Files[0].Kind == rules.KindPack {
		return b, b.addWays(b.Engine, pack.Info().Bytes, func() (*match.Pack, error) {
			p, _, err := rules.Compile(files, rules.Options{})
			return p, err
		})
	}
	folder, err := os.MkdirTemp("", "trawl-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	for _, engine := range match.Engines() {
		path := filepath.Join(folder, engine)
		made, _, err := compileTo(path, files, rules.Options{Engine: engine})
		var problems problem.List // auto had none: they are the engine's
		switch {
		case errors.As(err, &problems):
			b.Refused = append(b.Refused, refusal{engine, problems[:1].Error()})
			continue
		case errors.Is(err, match.ErrTooLarge):
			b.Refused = append(b.Refused, refusal{engine, err.Error()})
			continue
		case err != nil:
			b.close()
			return nil, err
		case engine == match.EngineAuto:
			b.Why = made.Choice.Why
			continue
		}
		if err := b.addWays(engine, made.Choice.Memory, func() (*match.Pack, error) { return match.Open(path) }); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

// addWays adds the ways in which an engine can go through a text.
func (b *bench) addWays(engine string, memory int64, open func() (*match.Pack, error)) error {
	for _, way := range []string{"one stream", "four lanes"} {
		p, err := open()
		if err != nil {
			return err
		}
		row := &benchRow{Engine: engine, Way: way, Memory: memory, Want: "matches", pack: p}
		b.Rows = append(b.Rows, row)
		if !p.Supports(match.WantMatches) {
			row.Want = "rules"
		}
		if p.Calibration().Lanes == "" {
			row.Way = ""
			return nil
		}
		c := match.Calibration{Lanes: "none"}
		if way == "four lanes" {
			c.Lanes = engine
		}
		if err := p.Use(c); err != nil {
			return err
		}
	}
	return nil
}

// measure lets the rows take turns until the time is over, at least three times.
func (b *bench) measure(text []byte, took time.Duration) {
	scratch := &match.Scratch{}
	end := time.Now().Add(took)
	for round := 0; round < 3 || time.Now().Before(end); round++ {
		for _, r := range b.Rows {
			want, _ := match.ParseWant(r.Want)
			start := time.Now()
			result := r.pack.Scan(scratch, text, match.Query{Want: want})
			if d := time.Since(start); round == 0 || d < r.best {
				r.best = d
			}
			r.Found = result.Count
		}
	}
	for _, r := range b.Rows {
		r.MBs = float64(len(text)) / 1e6 / max(r.best.Seconds(), 1e-9)
	}
}

func (b *bench) close() {
	for _, r := range b.Rows {
		r.pack.Close()
	}
}

func (a *app) printBench(b *bench) {
	t := newTable("ENGINE", "WAY", "MEMORY", "MB/S", "FOUND")
	for _, r := range b.Rows {
		t.row(r.Engine, r.Way, human.Bytes(r.Memory), fmt.Sprintf("%.0f", r.MBs), fmt.Sprintf("%d %s", r.Found, r.Want))
	}
	a.printTable("", t, "")
	for _, r := range b.Refused {
		a.printf("not %s: %s\n", r.Engine, r.Why)
	}
	if b.Why != "" {
		a.printf("auto takes %s: %s\n", b.Engine, b.Why)
	}
}

func (a *app) printBenchJSON(b *bench, size int) error {
	line, err := json.Marshal(struct {
		Bytes int `json:"text_bytes"`
		*bench
	}{size, b})
	if err != nil {
		return err
	}
	a.printJSON(line)
	return nil
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"trawl/edge/config"
	"trawl/edge/escape"
	"trawl/edge/files"
	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/rules"
)

func (a *app) rulesCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "rules", Short: "Check, explain, compile, test and import word lists and rule files; how often rules match"})
	cmd.AddCommand(a.rulesCheckCommand(), a.rulesExplainCommand(), a.rulesCompileCommand(), a.rulesTestCommand(), a.rulesBenchCommand(), a.rulesImportCommand(), a.rulesHitsCommand())
	return cmd
}

func (a *app) rulesCompileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compile -o PACK FILE…",
		Short: "Compile word lists and rule files into one pack",
		Long: `Compile word lists and rule files, and the rule files in folders, into one pack, and
say what became of them: which engine and why, how large the pack is and what
memory it takes on a worker, besides the worker itself.`,
		Example: `  trawl rules compile -o words.pack words.txt names.yaml
  trawl rules compile -o words.pack --budget 8MB words.txt`,
		Args: someFiles,
	}
	out := cmd.Flags().StringP("output", "o", "", "the pack to write")
	placeholder(cmd.Flags(), "output", "PACK")
	engine := cmd.Flags().String("engine", "auto", "what matches literals: auto, dfa, sdfa, da8, da4 or cloudflare")
	completes(cmd, "engine", match.Engines()...)
	placeholder(cmd.Flags(), "engine", "ENGINE")
	budget := cmd.Flags().String("budget", "", "most memory that the pack may take on a worker, such as 8MB: auto takes the fastest engine within it")
	placeholder(cmd.Flags(), "budget", "SIZE")
	name := cmd.Flags().String("name", "", "name of the rule set (default: what the rule files say)")
	placeholder(cmd.Flags(), "name", "NAME")
	nocase := cmd.Flags().BoolP("ignore-case", "i", false, "every rule ignores case")
	whole := cmd.Flags().BoolP("word", "w", false, "every literal matches whole words only")
	asJSON := cmd.Flags().Bool("json", false, "print what was made as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if *out == "" {
			return usage(cmd, "say where to write the pack: -o FILE.pack")
		}
		o := rules.Options{Name: *name, Engine: *engine, NoCase: *nocase, Whole: *whole}
		if *budget != "" {
			size, err := config.ParseSize(*budget)
			if err != nil {
				return fmt.Errorf("--budget: %w", err)
			}
			if size == 0 {
				return errors.New("--budget: nothing fits into 0 bytes; leave it out for no bound")
			}
			o.Budget = int64(size)
		}
		made, report, err := compileTo(*out, files, o)
		switch {
		case err != nil:
			return err
		case *asJSON:
			return a.printCompiledJSON(*out, made)
		}
		a.printLines(report.String())
		a.printCompiled(*out, made)
		return nil
	}
	return cmd
}

// compileTo writes a pack, which takes the place of what was at path once it
// is complete.
func compileTo(path string, files []string, o rules.Options) (*match.Compiled, *rules.Report, error) {
	var made *match.Compiled
	var report *rules.Report
	if err := notASource(path, files); err != nil {
		return nil, nil, err
	}
	err := replaceFile(path, func(f *os.File) (err error) {
		made, report, err = rules.CompileTo(f, files, o)
		return err
	})
	var failed *os.PathError
	switch {
	case errors.As(err, &failed):
		return nil, nil, cannotWrite(path, failed)
	case err != nil:
		return nil, nil, err
	}
	return made, report, nil
}

// printCompiled says what became of the rules.
func (a *app) printCompiled(path string, c *match.Compiled) {
	a.printf("%s: %d bytes (%.2f per pattern byte), sha256 %s\n", path, c.Bytes, perPatternByte(c), c.Hash)
	a.printf("%s, %s, %s, %s\n", human.Count(c.Rules, "rule"), human.Count(c.Literals, "literal"),
		human.Count(c.Regexes, "regex"), human.Count(c.States, "state"))
	a.printf("engine %s: %s\n", c.Engine, c.Choice.Why)
	a.printf("memory on a worker: %s, with the worker itself about %s\n",
		human.Bytes(c.Choice.Memory), human.Bytes(c.Choice.Memory+workerMemory))
	if c.Regexes > 0 {
		a.printf("that is with one slot; each other takes up to %s more for the regexes\n", human.Bytes(match.StateMemory(c.Regexes)))
	}
}

// workerMemory is what a worker has resident without rules, in bytes: as
// measured on amd64, between idle (9 MB) and busy on two slots (12 MB).
const workerMemory = 10e6

func perPatternByte(c *match.Compiled) float64 {
	return float64(c.Bytes) / float64(max(1, c.PatternBytes))
}

// printCompiledJSON is the same for programs. Its keys stay as they are.
func (a *app) printCompiledJSON(path string, c *match.Compiled) error {
	type engine struct {
		Engine string `json:"engine"`
		Bytes  int64  `json:"bytes"`
		Memory int64  `json:"memory"`
	}
	engines := make([]engine, len(c.Choice.Sizes))
	for i, e := range c.Choice.Sizes {
		engines[i] = engine(e)
	}
	line, err := json.Marshal(struct {
		Pack           string   `json:"pack"`
		Name           string   `json:"name,omitempty"`
		SHA256         string   `json:"sha256"`
		Bytes          int64    `json:"bytes"`
		PatternBytes   int64    `json:"pattern_bytes"`
		PerPatternByte float64  `json:"bytes_per_pattern_byte"`
		Memory         int64    `json:"memory"`
		SlotMemory     int64    `json:"memory_per_further_slot"`
		Rules          int      `json:"rules"`
		Literals       int      `json:"literals"`
		Regexes        int      `json:"regexes"`
		Unhinted       int      `json:"unhinted_regexes"`
		States         int      `json:"states"`
		Engine         string   `json:"engine"`
		Why            string   `json:"why"`
		Engines        []engine `json:"engines"`
	}{
		path, c.Name, c.Hash, c.Bytes, c.PatternBytes, perPatternByte(c), c.Choice.Memory, match.StateMemory(c.Regexes),
		c.Rules, c.Literals, c.Regexes, c.Unhinted, c.States, c.Engine, c.Choice.Why, engines,
	})
	if err != nil {
		return err
	}
	a.printJSON(line)
	return nil
}

// notASource refuses a file to write that is one of those to read: it would be gone.
func notASource(out string, sources []string) error {
	to, err := os.Stat(out)
	if err != nil || !to.Mode().IsRegular() {
		return nil // it is made, or stays as it is
	}
	for _, s := range sources {
		if from, err := os.Stat(s); err == nil && os.SameFile(from, to) {
			return escape.Errorf("-o %s would replace what is read from; write to another file", out)
		}
	}
	return nil
}

// replaceFile puts what fill writes to path: in the place of the file there, once it is
// whole. What is no file, such as /dev/null or a pipe, stays and is written to. A
// failure to write is an [os.PathError] or [os.LinkError].
func replaceFile(path string, fill func(*os.File) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeInto(path, fill)
	}
	return files.ReplaceFunc(path, 0o644, fill)
}

func writeInto(path string, fill func(*os.File) error) error {
	t, err := os.CreateTemp("", "trawl-*") // what is made may be read back, which a pipe cannot
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	defer t.Close()
	if err := fill(t); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = t.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(to, t)
	}
	return errors.Join(err, to.Close())
}

// cannotWrite leaves out what err says of the temporary file.
func cannotWrite(path string, err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("cannot write %s: %w; choose a folder that exists and that you may write to", path, err)
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}

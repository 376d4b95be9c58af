package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"trawl/edge/rules"
)

func (a *app) rulesCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "rules", Short: "Check and compile word lists and rule files"})
	cmd.AddCommand(a.rulesCheckCommand(), a.rulesCompileCommand())
	return cmd
}

func (a *app) rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE…",
		Short: "Check word lists and rule files: every problem, with file and line",
		Args:  someFiles,
		Long:  "Check word lists and rule files, and the rule files in folders: every problem, with file and line.",
		RunE: func(_ *cobra.Command, files []string) error {
			report, err := rules.Check(files, rules.Options{})
			if err != nil {
				return err
			}
			a.printf("%s\n", report)
			return nil
		},
	}
}

func (a *app) rulesCompileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "compile -o PACK FILE…",
		Short:   "Compile word lists and rule files into one pack",
		Long:    "Compile word lists and rule files, and the rule files in folders, into one pack.",
		Example: "  trawl rules compile -o words.pack words.txt names.yaml",
		Args:    someFiles,
	}
	out := cmd.Flags().StringP("output", "o", "", "the pack to write")
	placeholder(cmd.Flags(), "output", "PACK")
	engine := cmd.Flags().String("engine", "auto", "what matches literals: auto, da8, dfa or cloudflare")
	completes(cmd, "engine", "auto", "da8", "dfa", "cloudflare")
	placeholder(cmd.Flags(), "engine", "ENGINE")
	name := cmd.Flags().String("name", "", "name of the rule set (default: what the rule files say)")
	placeholder(cmd.Flags(), "name", "NAME")
	nocase := cmd.Flags().BoolP("ignore-case", "i", false, "every rule ignores case")
	whole := cmd.Flags().BoolP("word", "w", false, "every literal matches whole words only")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if *out == "" {
			return usage(cmd, "say where to write the pack: -o FILE.pack")
		}
		o := rules.Options{Name: *name, Engine: *engine, NoCase: *nocase, Whole: *whole}
		t, err := renameio.NewPendingFile(*out, renameio.WithPermissions(0o644))
		if err != nil {
			return cannotWrite(*out, err)
		}
		defer t.Cleanup()
		made, report, err := rules.CompileTo(t, files, o)
		if err != nil {
			return err
		}
		if err := t.CloseAtomicallyReplace(); err != nil {
			return cannotWrite(*out, err)
		}
		a.printf("%s\n", report)
		a.printf("%s: %d bytes (%.1f per pattern byte), engine %s with %d states, sha256 %s\n", *out, made.Bytes,
			float64(made.Bytes)/float64(max(1, made.PatternBytes)), made.Engine, made.States, made.Hash)
		return nil
	}
	return cmd
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

package main

// Arguments and the help about them: messages in place of cobra's own.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs is for commands without arguments. One that has subcommands was
// given something else in place of one.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return usage(cmd, fmt.Sprintf("unknown command: %s %q%s", cmd.CommandPath(), args[0], didYouMean(cmd, args[0])))
	}
	return usage(cmd, fmt.Sprintf("%s takes no arguments, but was given %q", cmd.CommandPath(), args[0]))
}

func didYouMean(cmd *cobra.Command, name string) string {
	cmd.SuggestionsMinimumDistance = 2 // edits; the field's zero would suggest nothing
	meant := cmd.SuggestionsFor(name)
	if len(meant) == 0 {
		return ""
	}
	return " (did you mean " + strings.Join(meant, " or ") + "?)"
}

// someFiles is for commands that need at least one file.
func someFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(cmd, "no file given: name word lists, rule files or a pack")
	}
	return nil
}

// usage makes an error about how a command was called.
func usage(cmd *cobra.Command, message string) error {
	return fmt.Errorf("%s; see %s --help", message, cmd.CommandPath())
}

// flagError explains a wrong flag. After a command that does not exist, whose
// flags are therefore unknown too, the command is the mistake.
func flagError(cmd *cobra.Command, err error) error {
	if cmd.HasAvailableSubCommands() {
		if mistake := noArgs(cmd, cmd.Flags().Args()); mistake != nil {
			return mistake
		}
	}
	return usage(cmd, err.Error())
}

// group makes cmd one that has only subcommands; alone it shows its help.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = noArgs
	cmd.Run = nil
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// strictHelp makes cobra's help and completion commands refuse what they do
// not know; they would show some help and report success. It comes after the
// last AddCommand.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			group(cmd)
			for _, shell := range cmd.Commands() {
				shell.Args = noArgs
			}
		case "help":
			cmd.Run = nil
			cmd.RunE = func(_ *cobra.Command, path []string) error {
				of, rest, err := root.Find(path)
				if err != nil {
					return err
				}
				if err := noArgs(of, rest); err != nil {
					return err
				}
				of.InitDefaultHelpFlag()
				of.InitDefaultVersionFlag()
				return of.Help()
			}
		}
	}
}

// placeholder names the value of a flag in help, in place of its type.
func placeholder(flags *pflag.FlagSet, flag, name string) {
	f := flags.Lookup(flag)
	f.Value = named{f.Value, name}
	f.DefValue = strings.Trim(f.DefValue, "[]") // of an empty list: nothing to show
}

type named struct {
	pflag.Value
	name string
}

func (n named) Type() string { return n.name }

// completes makes a shell complete the values of a flag.
func completes(cmd *cobra.Command, flag string, values ...string) {
	choices := cobra.FixedCompletions(slices.Clone(values), cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, choices); err != nil {
		panic(err) // there is no such flag; every script of testdata would fail
	}
}

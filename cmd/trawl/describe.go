package main

// trawl describe: the commands as data, from which build/docs makes the manual.

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// describedCommand is a command as the makers of manuals see it.
type describedCommand struct {
	Path     string             `json:"path"` // trawl rules check
	Use      string             `json:"use"`  // trawl rules check [flags] FILE...
	Short    string             `json:"short"`
	Long     string             `json:"long,omitempty"`
	Example  string             `json:"example,omitempty"`
	Flags    []describedFlag    `json:"flags,omitempty"` // those of all commands are the root's
	Commands []describedCommand `json:"commands,omitempty"`
}

type describedFlag struct {
	Name      string `json:"name"`
	Shorthand string `json:"shorthand,omitempty"`
	Value     string `json:"value,omitempty"`    // what it takes; empty: nothing
	Optional  bool   `json:"optional,omitempty"` // the value may be left out
	Default   string `json:"default,omitempty"`
	Usage     string `json:"usage"`
}

func (a *app) describeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "describe",
		Short:  "Print all commands and their flags as JSON, for makers of manuals",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e := json.NewEncoder(a.out)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			return e.Encode(describe(cmd.Root()))
		},
	}
}

func describe(cmd *cobra.Command) describedCommand {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	d := describedCommand{
		Path: cmd.CommandPath(), Use: cmd.UseLine(), Short: cmd.Short, Example: cmd.Example,
	}
	if long := strings.TrimSpace(cmd.Long); long != cmd.Short {
		d.Long = long
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			d.Flags = append(d.Flags, describeFlag(f))
		}
	})
	for _, sub := range cmd.Commands() {
		if cmd.Name() == "completion" {
			break // cobra's own texts, in Markdown
		}
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			d.Commands = append(d.Commands, describe(sub))
		}
	}
	return d
}

func describeFlag(f *pflag.Flag) describedFlag {
	value, usage := pflag.UnquoteUsage(f)
	d := describedFlag{Name: f.Name, Shorthand: f.Shorthand, Value: value, Usage: usage}
	if f.Value.Type() != "bool" {
		d.Optional = f.NoOptDefVal != ""
		if f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
			d.Default = f.DefValue
		}
	}
	return d
}

package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"trawl/edge/config"
)

func (a *app) configCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "config", Short: "Check and show the configuration"})
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check",
			Short: "Check the configuration file and environment: every problem, with its line",
			Args:  noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := a.settings(cmd)
				if err != nil {
					return err
				}
				for _, name := range c.Ignored() {
					a.printf("%s is no setting of trawl and is ignored; trawl config reference lists those that are\n", name)
				}
				a.printf("the configuration is good\n")
				return nil
			},
		},
		&cobra.Command{
			Use:   "show",
			Short: "Show every setting, and where its value came from",
			Args:  noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := a.settings(cmd)
				if err != nil {
					return err
				}
				var text bytes.Buffer
				err = c.Show(&text)
				a.printData(text.Bytes())
				return err
			},
		},
		&cobra.Command{
			Use:   "reference",
			Short: "Print the reference of all settings, as Markdown",
			Args:  noArgs,
			RunE:  func(*cobra.Command, []string) error { return config.Reference(a.out) },
		},
	)
	return cmd
}

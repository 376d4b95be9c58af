package main

import (
	"github.com/spf13/cobra"

	"trawl/edge/config"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check",
			Short: "Check the configuration file and environment: every problem, with its line",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				if _, err := a.settings(cmd); err != nil {
					return err
				}
				a.printf("the configuration is good\n")
				return nil
			},
		},
		&cobra.Command{
			Use:   "show",
			Short: "Show every setting, and where its value came from",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := a.settings(cmd)
				if err != nil {
					return err
				}
				return c.Show(a.out)
			},
		},
		&cobra.Command{
			Use:   "reference",
			Short: "Print the reference of all settings, as Markdown",
			Args:  cobra.NoArgs,
			RunE:  func(*cobra.Command, []string) error { return config.Reference(a.out) },
		},
	)
	return cmd
}

package main

import (
	"github.com/spf13/cobra"

	"trawl/edge/rules"
)

func (a *app) rulesTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE…",
		Short: "Look for rules in the examples that stand beside them",
		Long: `Look for each rule of rule files, and of the rule files in folders, in its examples:

  - id: iban-de
    regex: '\bDE\d{20}\b'
    examples: {match: ['DE89370400440532013000'], miss: ['XDE8937']}

Every example that does not hold is printed. The exit status is 0 if all hold, 1 if
any does not, 2 if the files are wrong or there is nothing to test.`,
		Args: someFiles,
		RunE: func(_ *cobra.Command, files []string) error {
			report, err := rules.TestExamples(files)
			if err != nil {
				return err
			}
			for i := range report.Failures {
				a.printf("%s\n", report.Failures[i].String())
			}
			if len(report.Failures) > 0 {
				a.status = statusNoMatch
			}
			a.printf("%s\n", report.String())
			return nil
		},
	}
}

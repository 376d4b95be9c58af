package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"trawl/edge/escape"
	"trawl/edge/rules/importer"
)

func (a *app) rulesImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import --from KIND FILE…",
		Short: "Turn rule sets that you already have into a rule file",
		Long: `Turn rule sets that you already have into a rule file (YAML), on stdout or with
-o into a file. A folder stands for the files of that kind in it. The kinds are

` + kindList() + `
No meaning changes silently: every rule found is taken, taken in part or
skipped, and the summary on stderr counts them with the reasons; -v names each
one. What is taken of each kind is in docs/importing.md.`,
		Example: `  trawl rules import --from logcheck -o logcheck.yaml /etc/logcheck
  trawl rules import --from fail2ban -v /etc/fail2ban/filter.d/sshd.conf
  trawl rules import --from snort -o snort.yaml local.rules && trawl rules check snort.yaml
  trawl rules import --from crs -o crs.yaml /usr/share/modsecurity-crs/rules`,
		Args: importFiles,
	}
	from := cmd.Flags().String("from", "", "what the files are: "+strings.Join(importer.Names(), ", "))
	placeholder(cmd.Flags(), "from", "KIND")
	completes(cmd, "from", importer.Names()...)
	out := cmd.Flags().StringP("output", "o", "", "the rule file to write (default: stdout)")
	placeholder(cmd.Flags(), "output", "FILE")
	verbose := cmd.Flags().BoolP("verbose", "v", false, "name every rule that is not simply taken, with file and line")
	asJSON := cmd.Flags().Bool("json", false, "the summary as JSON, with every rule that is not simply taken")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if *from == "" {
			return usage(cmd, "say what the files are: --from "+strings.Join(importer.Names(), "|"))
		}
		if err := notASource(*out, files); err != nil {
			return err
		}
		result, err := importer.Import(*from, files)
		if err != nil {
			return err
		}
		if err := a.printSummary(&result.Summary, *verbose, *asJSON); err != nil {
			return err
		}
		yaml, err := result.YAML()
		if err != nil {
			return err
		}
		if *out == "" {
			a.printData(yaml)
			return nil
		}
		err = replaceFile(*out, func(f *os.File) error {
			_, err := f.Write(yaml)
			return err
		})
		if err != nil {
			return cannotWrite(*out, err)
		}
		return nil
	}
	return cmd
}

// importFiles asks for at least one file.
func importFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(cmd, "no file given: name the rule files to import, or a folder of them")
	}
	return nil
}

func kindList() string {
	var b strings.Builder
	for _, k := range importer.Kinds() {
		fmt.Fprintf(&b, "  %-12s %s\n", k.Name, k.What)
	}
	return b.String()
}

// printSummary writes the summary to stderr: stdout may have the rules.
func (a *app) printSummary(s *importer.Summary, each, asJSON bool) error {
	if !asJSON {
		fmt.Fprintln(a.err, escape.Message(strings.TrimSuffix(s.Text(each), "\n")))
		return nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	if err == nil {
		_, err = a.err.Write(escape.JSON(text.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

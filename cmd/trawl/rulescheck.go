package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"trawl/edge/human"
	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/edge/rules/importer"
)

func (a *app) rulesCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "Check word lists and rule files: every problem, and what will be slow or find nothing",
		Long: `Check word lists and rule files, and the rule files in folders: every problem, with
file and line. If there is none, say which word lists look like rules of another
program, which rules can match no single line, and which regexes will be slow, and
what to do about it, the worst first; -v shows all rules of rule files, with the literals that
a text must have for each regex to run on it.

Regexes are tried out on small texts made for them. Steps are counted, not time,
so every machine says the same. Words of word lists are counted only, and of a
pack only regexes are looked at.

The exit status is 0 also if there are warnings, 2 if there are problems.`,
		Example: `  trawl rules check words.txt rules.yaml
  trawl rules check -v --json rules.yaml | jq '.rules[] | select(.warnings)'`,
		Args: someFiles,
	}
	verbose := cmd.Flags().BoolP("verbose", "v", false, "show every rule of rule files, not the worst 20 alone")
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object, with every regex; with -v every rule of rule files")
	cmd.RunE = func(_ *cobra.Command, files []string) error {
		found, err := rules.Inspect(files, rules.Options{})
		switch {
		case err != nil:
			return err
		case *asJSON:
			return a.printCheckJSON(found, *verbose)
		}
		a.printLines(found.Report.String())
		for i := range found.Files {
			if hint := wordListHint(&found.Files[i]); hint != "" {
				a.printf("%s: %s\n", found.Files[i].Path, hint)
			}
		}
		a.printCheck(found, *verbose)
		return nil
	}
	return cmd
}

// wordListHint says that a word list looks like something else; empty if it does not.
func wordListHint(f *rules.FileReport) string {
	if f.Kind != rules.KindWords {
		return ""
	}
	return importer.WordListHint(f.Path)
}

// mostShown is how many rules are shown without -v.
const mostShown = 20

// printCheck prints a table of the worst rules, what can be done about them, and
// a sum.
func (a *app) printCheck(found *rules.Inspection, all bool) {
	costs := found.Costs()
	if costs.Warned > 0 || all && len(found.Rules) > 0 {
		a.printf("\n")
		shown := a.printRules(found.Rules, all)
		if more := costs.Warned - shown; more > 0 && !all {
			a.printf("… and %d more with warnings; -v shows them\n", more)
		}
	}
	if costs.Warned > 0 {
		a.printf("\n")
		a.printAdvice(found.Rules)
	}
	if costs.Regexes == 0 {
		return
	}
	a.printf("\n%s: %s run only on texts with their literals, %s on every text; %s with warnings\n",
		human.Count(costs.Regexes, "regex"), human.Number(costs.Regexes-costs.Unhinted), human.Number(costs.Unhinted), human.Number(costs.Warned))
	a.printf("once all have run: programs %s, literals to look for %s, and for each slot states up to %s\n",
		human.Bytes(min(costs.ProgramBytes, match.ProgramsSize)), human.Bytes(costs.PrefilterBytes), human.Bytes(costs.StateBytes))
}

// printRules returns how many it shows.
func (a *app) printRules(list []rules.RuleReport, all bool) (shown int) {
	t := newTable("WARNING", "RULE", "AT", "SIZE", "DFA", "STEPS", "LOOKS FOR")
	for i := range list {
		r := &list[i]
		if !all && (len(r.Warnings) == 0 || shown == mostShown) {
			break
		}
		shown++
		at := r.File
		if r.Line > 0 {
			at += ":" + strconv.Itoa(r.Line)
		}
		if r.Literals > 0 {
			t.row(warningNames(r), narrow(r.ID, 40), at, "-", "-", "-", human.Count(r.Literals, "literal"))
			continue
		}
		t.row(warningNames(r), narrow(r.ID, 40), at,
			human.Bytes(int64(r.Trial.ProgramBytes)), human.Count(r.Trial.States, "state"), stepsTaken(r), lookedFor(r))
	}
	a.printTable("", t, "")
	return shown
}

// stepsTaken is what part of the allowed steps the worst text took.
func stepsTaken(r *rules.RuleReport) string {
	if r.Trial.GivenUp {
		return ">100%"
	}
	return fmt.Sprintf("%d%%", 100*r.Trial.MostSteps/max(1, r.Trial.Allowed))
}

func warningNames(r *rules.RuleReport) string {
	if len(r.Warnings) == 0 {
		return "-"
	}
	var names []string
	for _, w := range r.Warnings {
		names = append(names, string(w.Kind))
	}
	return strings.Join(names, ", ")
}

func lookedFor(r *rules.RuleReport) string {
	if r.Info.Needs == nil {
		return narrow("nothing: "+r.Info.Reason, 100)
	}
	s := narrow(r.Info.Needs.Short(4), 100)
	if r.Info.Folded {
		s += ", in any case"
	}
	return s
}

// narrow cuts s for a column of a table.
func narrow(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// printAdvice says of each kind of warning how many rules have it, and what to
// do about it.
func (a *app) printAdvice(list []rules.RuleReport) {
	counts := map[rules.WarningKind]int64{}
	for i := range list {
		for _, w := range list[i].Warnings {
			counts[w.Kind]++
		}
	}
	for _, k := range rules.WarningKinds() {
		if n := counts[k]; n > 0 {
			a.printf("%s (%s): %s.\n", k, human.Count(n, "rule"), k.Advice())
		}
	}
}

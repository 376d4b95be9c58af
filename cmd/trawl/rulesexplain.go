package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"trawl/edge/files"
	"trawl/edge/human"
	"trawl/edge/rules"
)

func (a *app) rulesExplainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain RULE FILE [TEXT]",
		Short: "Say why a rule matches a text, or why it does not",
		Long: `Say why a rule of a word list, rule file or pack matches a text, or why it does
not: which of its literals are there and where, what the regex makes of it, how
far it gets, and what whole and nocase rule out. RULE is the rule's id.

Without TEXT, or with -, the text is read from standard input; if that is one line,
the line break at its end is left out. Offsets count bytes from 0. The text is
looked at as one; if it has several lines, trawl scan looks at each by itself.

The exit status is 0 if the rule matches, 1 if it does not, 2 after an error.`,
		Example: `  trawl rules explain iban-de pii.yaml 'IBAN DE89370400440532013000'
  grep 17:04 app.log | trawl rules explain oom rules.yaml`,
		Args: explainArgs,
	}
	nocase := cmd.Flags().BoolP("ignore-case", "i", false, "ignore case, as with scan -i")
	whole := cmd.Flags().BoolP("word", "w", false, "whole words only, as with scan -w")
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		text, err := a.textToExplain(args[2:])
		if err != nil {
			return err
		}
		e, err := rules.Explain(args[1], args[0], text, rules.Options{NoCase: *nocase, Whole: *whole})
		if err != nil {
			return err
		}
		if !e.Matches() {
			a.status = statusNoMatch
		}
		if *asJSON {
			return a.printExplanationJSON(e)
		}
		a.printExplanation(e, text)
		return nil
	}
	return cmd
}

func explainArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) < 2:
		return usage(cmd, "give the id of a rule and the file that it is in")
	case len(args) > 3:
		return usage(cmd, "too many arguments; put the text into quotes, or give it on standard input")
	}
	return nil
}

// maxExplained is the longest text that is read, in bytes: all of it is in memory.
const maxExplained = 64 << 20

func (a *app) textToExplain(args []string) ([]byte, error) {
	if len(args) > 0 && args[0] != "-" {
		return []byte(args[0]), nil
	}
	text, err := files.ReadAll(a.in, "standard input", maxExplained)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		return nil, errors.New("the text on standard input is longer than 64 MiB; give the part that it is about, or use trawl scan")
	case err != nil:
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if n := len(text); bytes.IndexByte(text, '\n') == n-1 && n > 0 {
		text = text[:n-1]
	}
	return text, nil
}

// printExplanation tells it to people.
func (a *app) printExplanation(e *rules.Explanation, text []byte) {
	at := e.File
	if e.Rule.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Rule.Line)
	}
	verdict := "does not match"
	if e.Matches() {
		verdict = "matches"
	}
	a.printf("rule %q (%s) %s\n", e.Rule.Label(), at, verdict)
	if e.Line > 0 {
		a.printf("line %d of the text matches by itself: that is how trawl scan looks at it\n", e.Line)
	} else if bytes.IndexByte(text, '\n') >= 0 && e.Matches() {
		a.printf("no line of the text matches by itself: trawl scan, which looks at lines, does not find it\n")
	}
	if e.Regex != nil {
		a.printRegexExplanation(e, text)
	} else {
		a.printLiteralExplanation(e, text)
	}
	if !e.Matches() {
		return
	}
	a.printf("%s\n", human.Count(e.Count, "matching place"))
	for i, p := range e.Found {
		if i == mostShown {
			a.printf("  …\n")
			break
		}
		a.printf("  %s\n", placeText(p, text))
	}
	if e.Regex != nil {
		for _, g := range e.Regex.Groups {
			a.printf("    group %s: %s\n", g.Name, placeText(g.Span, text))
		}
	}
}

func (a *app) printRegexExplanation(e *rules.Explanation, text []byte) {
	r := e.Regex
	a.printf("regex%s: %s\n", caseNote(e.Rule.NoCase), narrow(e.Rule.Regex, 1000))
	if len(r.Info.Groups) > 0 && !e.Matches() { // a match shows its groups
		a.printf("named groups: %s\n", strings.Join(r.Info.Groups, ", "))
	}
	if r.Info.Needs == nil {
		a.printf("it requires no literal, so it runs on every text: %s\n", r.Info.Reason)
	} else {
		a.printf("it runs where these are%s: %s\n", caseNote(r.Info.Folded), r.Info.Needs.Short(mostShown))
		missing := 0
		for i, h := range r.Hints {
			switch {
			case h.At < 0 && len(r.Hints) > mostShown && i >= mostShown:
				missing++
			case h.At < 0:
				a.printf("  %q is missing\n", h.Literal)
			default:
				a.printf("  %q at %d\n", h.Literal, h.At)
			}
		}
		if missing > 0 {
			a.printf("  … and %d more are missing\n", missing)
		}
		if !r.Ran {
			a.printf("so it did not run\n")
		}
	}
	if r.GivenUp {
		a.printf("it was given up: it took more than the %d steps that it may take on %s; an answer names it as incomplete\n", r.Allowed, human.Bytes(int64(len(text))))
	}
	switch {
	case e.Matches():
	case r.Reached == nil:
		a.printf("how far it gets is not told: the text is over %d KiB\n", rules.MaxGroupText>>10)
	case r.Reached.Rest == "":
		a.printf("it would have matched at %s\n", placeText(r.Reached.Span, text))
	case r.Reached.Beginning == "":
		a.printf("not even its first part matches anywhere: %s\n", narrow(r.Reached.Rest, 200))
	default:
		a.printf("its beginning matches at %s: %s\n", placeText(r.Reached.Span, text), narrow(r.Reached.Beginning, 200))
		a.printf("what would have to follow does not: %s\n", narrow(r.Reached.Rest, 200))
	}
}

func (a *app) printLiteralExplanation(e *rules.Explanation, text []byte) {
	what := "literals"
	if len(e.Literals) == 1 {
		what = "literal " + literalText(e.Literals[0].Literal)
	}
	whole := ""
	if e.Rule.Whole {
		whole = ", whole words only"
	}
	a.printf("%s%s%s\n", what, caseNote(e.Rule.NoCase), whole)
	missing, shown := 0, 0
	for _, l := range e.Literals {
		if len(l.Found) == 0 {
			missing++
			continue
		}
		for _, o := range l.Found {
			if shown++; shown <= 5*mostShown {
				a.printf("  %s at %s%s\n", literalText(l.Literal), placeText(o.Span, text), occurrenceNote(&o))
			}
		}
	}
	switch {
	case shown > 5*mostShown:
		a.printf("  … and %d more\n", shown-5*mostShown)
	case missing == 1 && len(e.Literals) == 1:
		a.printf("  it is not in the text, in whatever case\n")
	case missing == len(e.Literals):
		a.printf("  none of %d is in the text, in whatever case\n", missing)
	case missing > 0:
		a.printf("  %d of %d are not in the text\n", missing, len(e.Literals))
	}
}

func caseNote(ignored bool) string {
	if ignored {
		return ", in any case"
	}
	return ""
}

func occurrenceNote(o *rules.Occurrence) string {
	switch {
	case o.OtherCase && o.InWord:
		return ": in another case, which counts (no nocase), and part of a longer word (whole)"
	case o.OtherCase:
		return ": in another case, which counts (no nocase)"
	case o.InWord:
		return ": part of a longer word (whole)"
	}
	return ""
}

func placeText(p rules.Span, text []byte) string {
	return fmt.Sprintf("%d–%d %s", p.Start, p.End, literalText(text[p.Start:p.End]))
}

// literalText quotes text, or its beginning.
func literalText(text []byte) string {
	const most = 60
	rest := ""
	if len(text) > most {
		n := most
		for n > most-utf8.UTFMax && !utf8.RuneStart(text[n]) {
			n--
		}
		text, rest = text[:n], "…"
	}
	return fmt.Sprintf("%q", text) + rest
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trawl/broker"
	"trawl/cmd/trawl/internal/scan"
	"trawl/edge/client"
	"trawl/edge/config"
	"trawl/edge/human"
	"trawl/edge/mask"
	"trawl/edge/match"
	"trawl/edge/rules"
	"trawl/edge/wire"
)

// scanFlags are the flags of scan that are not settings.
type scanFlags struct {
	files                          []string // -f
	ignoreCase, word               bool
	count, list, only, quiet, json bool
	recursive, stats, text         bool
	color                          string
	rules                          string
	fields                         []string
	mask                           string
}

// rulesFileUsage says what can be given with -f.
const rulesFileUsage = "rules to match: a word list, rule file (.yaml) or pack, or a folder of rule files"

func (a *app) scanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan -f RULES [FILE…]",
		Short: "Match files, or standard input, like grep with many patterns",
		Long: `Match files, or standard input, and print one line for each line that matches:
file:line:column: rule[,rule…]: line

The rules of -f are matched in this process. With --broker (or TRAWL_BROKER, and
no -f) a fleet matches, against the rule set that its workers serve. Of several
brokers the first that is up is asked, and another one when it goes away.

Inputs may be of any size: memory stays small. A line over 1 MiB is searched in
pieces, in which regexes may miss matches; then that is said. A byte order mark of
UTF-8 is no part of a file's first line; a file in UTF-16 or UTF-32 is not decoded, which is
said, and counts as an error. While files are read for more than a second, a terminal
shows how far that is. What a terminal would obey in a line or a file's name is escaped
there (\x1b); a pipe or file gets every byte.

With --json --fields groups each match of a regex with named groups, (?P<user>\w+), has
"groups":{"user":"root"}: what they matched. Groups that are not UTF-8 are in groups_b64, in base64.

With --mask it is a filter: every line is printed, in order, with each match replaced by a * for each
character, or with --mask=rule by the rule in brackets ([word] where the id is what was found). Matches
that overlap are one. A line of which not all matches are known, such as one over 1 MiB, goes out as
[masked: incomplete]; then that is said, and the exit status is 2, else 0.

Exit status: 0 if something matched, 1 if nothing did, 2 after an error.`,
		Example: `  trawl scan -f words.txt /var/log/syslog
  trawl scan -f docs/examples/code-and-logs -r src        a folder of rule files
  trawl scan --broker tcp://pi1:5555 --rules pii *.log
  trawl scan --json --fields groups -f sshd.yaml auth.log  what named groups matched
  tail -f app.log | trawl scan -f rules.yaml
  tail -f app.log | trawl scan --mask -f pii.yaml         a filter: what matches is hidden`,
	}
	f := scanFlags{}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.files, "rules-file", "f", nil, rulesFileUsage+"; may be given several times")
	flags.BoolVarP(&f.ignoreCase, "ignore-case", "i", false, "ignore case in all rules")
	flags.BoolVarP(&f.word, "word-regexp", "w", false, "literals match whole words only")
	flags.BoolVarP(&f.count, "count", "c", false, "print how many lines match, for each file")
	flags.BoolVarP(&f.list, "files-with-matches", "l", false, "print only the names of files that match")
	flags.BoolVarP(&f.only, "only-matching", "o", false, "print one line for each match, with the matched text")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing; the exit status tells")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each match")
	flags.BoolVarP(&f.text, "text", "a", false, "print the lines of binary files, too")
	flags.BoolVarP(&f.recursive, "recursive", "r", false, "walk into folders")
	flags.BoolVar(&f.stats, "stats", false, "at the end, say on standard error what was read and found, and how fast")
	flags.StringVar(&f.color, "color", "auto", "when to color: auto (on a terminal), always or never")
	completes(cmd, "color", "auto", "always", "never")
	flags.StringVar(&f.rules, "rules", wire.DefaultRules, "with --broker: rule set to match against, NAME or NAME@HASH")
	flags.StringVar(&f.mask, "mask", "", "print every line with its matches replaced: by a * for each character (stars), or by the [rule]")
	flags.Lookup("mask").NoOptDefVal = mask.Stars.String()
	completes(cmd, "mask", mask.StyleNames()...)
	placeholder(flags, "mask", "HOW")
	flags.StringSliceVar(&f.fields, "fields", nil, "with --json: extra fields of each match: "+strings.Join(wire.FieldNames(), ", "))
	completes(cmd, "fields", wire.FieldNames()...)
	placeholder(flags, "fields", "FIELDS")
	placeholder(flags, "rules-file", "FILE")
	placeholder(flags, "color", "WHEN")
	placeholder(flags, "rules", "SET")
	bind(cmd, clientSettings...)
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		o, err := f.options(a.out)
		if err != nil {
			return usage(cmd, err.Error())
		}
		o.Timeout = c.Client.Timeout
		if f.fleet(cmd, c) {
			if err := f.refusedWithFleet(); err != nil {
				return usage(cmd, err.Error())
			}
			return a.scanFleet(cmd.Context(), c, &f, o, paths)
		}
		if len(f.files) == 0 {
			return usage(cmd, "no rules: give -f FILE to match here, or --broker to ask a fleet")
		}
		if cmd.Flags().Changed("rules") {
			return usage(cmd, "--rules names a rule set of a fleet and goes with --broker; rules of this process come with -f")
		}
		return a.scanHere(cmd.Context(), c, &f, o, paths)
	}
	return cmd
}

// options makes the scan's options; the error is about flags that do not go
// together.
func (f *scanFlags) options(out io.Writer) (scan.Options, error) {
	o := scan.Options{Recursive: f.recursive, Text: f.text, Rules: f.rules, Terminal: isTerminal(out)}
	modes := 0
	for _, m := range []struct {
		on   bool
		mode scan.Mode
	}{{f.quiet, scan.Quiet}, {f.list, scan.Files}, {f.count, scan.Count}, {f.json, scan.JSON}, {f.only, scan.Only}, {f.mask != "", scan.Mask}} {
		if m.on {
			o.Mode = m.mode
			modes++
		}
	}
	if modes > 1 {
		return o, errors.New("only one of -c, -l, -o, -q, --json and --mask can be given")
	}
	var err error
	if o.Fields, err = wire.ParseFields(f.fields); err != nil {
		return o, fmt.Errorf("--fields: %w", err)
	}
	if f.mask != "" {
		if o.Mask, err = mask.ParseStyle(f.mask); err != nil {
			return o, fmt.Errorf("--mask: %w", err)
		}
	}
	if o.Fields != 0 && !f.json {
		return o, errors.New("--fields goes with --json: other output has no place for fields")
	}
	switch f.color {
	case "auto":
		o.Color = terminal(out)
	case "always":
		o.Color = true
	case "never":
	default:
		return o, fmt.Errorf("--color takes auto, always or never, not %q", f.color)
	}
	return o, nil
}

// fleet reports whether a fleet is to be asked: --broker says so, or, where
// no rules are given, the environment or the configuration.
func (f *scanFlags) fleet(cmd *cobra.Command, c *config.Config) bool {
	return cmd.Flags().Changed("broker") || len(f.files) == 0 && c.IsSet("client.brokers")
}

func (f *scanFlags) refusedWithFleet() error {
	if len(f.files) > 0 || f.ignoreCase || f.word {
		return errors.New("-f, -i and -w are refused with --broker: the rules of a fleet live on its workers; name a rule set with --rules")
	}
	return nil
}

// scanHere matches on a broker and a worker in this process: the same as a
// fleet's, but for the transport.
func (a *app) scanHere(ctx context.Context, c *config.Config, f *scanFlags, o scan.Options, paths []string) error {
	size, _ := sizeOf(paths, a.in) // 0: not known
	pack, _, err := rules.Compile(f.files, rules.Options{NoCase: f.ignoreCase, Whole: f.word, Text: size})
	if err != nil {
		return err
	}
	defer pack.Close()
	info := pack.Info()
	o.Overlap, o.HasRegexes = info.LongestLiteral, info.Regexes > 0

	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	b, w := brokerOptions(c), workerOptions(c)
	quiet := slog.New(newLogHandler(a.err, "text", slog.HandlerOptions{Level: slog.LevelError}))
	b.Log, w.Log = quiet, quiet
	b.Workers, b.Plain, b.HTTP = nil, nil, broker.HTTP{}
	b.Clients = []string{fmt.Sprintf("inproc://scan-%p", a)}
	w.Rules = map[string]*match.Pack{wire.DefaultRules: pack}
	w.Slots = cores()
	ready, served := make(chan struct{}), make(chan error, 1)
	go func() { served <- serveTogether(serving, b, w, 1, func(*broker.Broker) { close(ready) }) }()
	select {
	case <-ready:
	case err := <-served:
		return err
	}
	conn, err := client.New(client.Options{Brokers: b.Clients, Log: quiet})
	if err != nil {
		return err
	}
	err = a.scan(ctx, conn, f, o, paths)
	_ = conn.Close()
	stop()
	return errors.Join(err, <-served)
}

// scanFleet asks the brokers of the configuration.
func (a *app) scanFleet(ctx context.Context, c *config.Config, f *scanFlags, o scan.Options, paths []string) error {
	conn, err := a.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := fleetRules(ctx, conn, &o); err != nil {
		return explain(err)
	}
	return a.scan(ctx, conn, f, o, paths)
}

// fleetRules asks the broker what the rule set holds that a scan must know:
// how long its literals are, and whether it has regexes. A broker without
// workers yet cannot tell; then their default is a safe guess.
func fleetRules(ctx context.Context, conn *client.Client, o *scan.Options) error {
	s, err := conn.Status(ctx, o.Timeout)
	if err != nil {
		return err
	}
	const guess = 4 << 10
	name, _ := wire.SplitRules(o.Rules)
	known := false
	for i := range s.Workers {
		for _, set := range s.Workers[i].Rules {
			if set.Name == name {
				known = true
				o.Overlap = max(o.Overlap, set.Longest)
				o.HasRegexes = o.HasRegexes || set.Regexes > 0
			}
		}
	}
	if !known {
		o.Overlap, o.HasRegexes = guess, true
	}
	return nil
}

func (a *app) scan(ctx context.Context, asker scan.Asker, f *scanFlags, o scan.Options, paths []string) error {
	a.onInterrupt.Store(interruptDrains)
	start := time.Now()
	bar := newProgress(paths, a.in, a.err)
	if bar != nil {
		o.Progress = bar.add
	}
	summary, matched, err := scan.Run(ctx, asker, paths, o, a.in, bar.before(a.out), bar.before(a.err))
	bar.clear()
	if f.stats {
		a.printStats(summary, time.Since(start))
	}
	switch {
	case errors.Is(err, scan.ErrNotMasked):
		fmt.Fprintf(a.err, "trawl: %s\n", notMasked(summary.NotMasked))
		a.status = statusError
	case errors.Is(err, scan.ErrUnreadable):
		a.status = statusError // each such file has had its line
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted: the scan has not reached its end")
	case err != nil:
		return err // says what to do
	case !matched && o.Mode != scan.Mask:
		a.status = statusNoMatch
	}
	return nil
}

// notMasked says how many lines could not be masked.
func notMasked(lines int64) string {
	return fmt.Sprintf("%s may have matches that are not known, and went out as %s", human.Count(lines, "line"), mask.Incomplete)
}

func cores() int { return runtime.GOMAXPROCS(0) }

// printStats says what a scan has read and found. Not every mode counts
// matches.
func (a *app) printStats(s scan.Summary, took time.Duration) {
	matches := ""
	if s.Matches > 0 {
		matches = fmt.Sprintf(" with %d matches", s.Matches)
	}
	seconds := max(took.Seconds(), 1e-6)
	fmt.Fprintf(a.err, "%d files, %d lines, %d lines matched%s; %.1f MB in %.2f s: %.0f lines/s, %.1f MB/s\n",
		s.Files, s.Lines, s.MatchingLines, matches, float64(s.Bytes)/1e6, seconds,
		float64(s.Lines)/seconds, float64(s.Bytes)/1e6/seconds)
}

package main

// The command trawl watch and its flags.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"trawl/edge/config"
	"trawl/edge/human"
	"trawl/edge/notify"
	"trawl/edge/rules"
	"trawl/edge/watch"
	"trawl/edge/wire"
)

// watchFlags are the flags of watch beside settings.
type watchFlags struct {
	files     []string // -f
	to        []string
	syslog    string
	journal   bool
	beginning bool
	json      bool
	dryRun    bool
	try       string
	state     bool // --state was given
}

func (a *app) watchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch [-f RULES] [FILE…]",
		Short: "Follow files, the journal, syslog or MQTT, match them, and tell somebody",
		Long: `Follow files, the journal, syslog or MQTT, match them, and tell somebody.

What is read is matched in this process by the rules of -f, else by those of
worker.rules; with --broker (or TRAWL_BROKER or client.brokers, and no -f) a fleet
matches. Sources and sinks are those of the section watch of the configuration, unless
the command line names some: files (patterns, too; - or nothing is standard input),
--journal, --syslog; and --to. Without any sink, records that match are printed.

A file is followed from its end, as by tail -F, whatever is rotated; standard input is
read to its end. With sources and sinks of the configuration, or with --state DIR, the
watcher keeps how far it has read and what nobody has taken yet, and goes on from there.

--to takes ntfy:URL, slack:URL, json:URL (or URL alone: the event as JSON),
mqtt://HOST[:PORT][/TOPIC], file:PATH for JSON lines, and - for standard output.`,
		Example: `  trawl watch -f rules.yaml /var/log/nginx/*.log
  trawl watch -f rules.yaml --journal --to ntfy:https://ntfy.sh/attic
  trawl watch --broker tcp://pi1:5555 --journal --syslog 127.0.0.1:5514 --to mqtt://ha.lan
  trawl watch --dry-run                  what would be told, and to whom
  trawl watch --try phone                sends a made-up event to one sink`,
	}
	f := &watchFlags{}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.files, "rules-file", "f", nil, rulesFileUsage+"; may be given several times")
	flags.StringArrayVar(&f.to, "to", nil, "whom to tell, in place of the sinks of the configuration; may be given several times")
	flags.StringVar(&f.syslog, "syslog", "", "listen for syslog at HOST:PORT, UDP and TCP")
	flags.BoolVar(&f.journal, "journal", false, "follow the journal of systemd")
	flags.BoolVar(&f.beginning, "from-beginning", false, "read files and the journal from their beginning where no place is kept")
	flags.BoolVar(&f.json, "json", false, "print events on standard output as JSON lines")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what each sink would be told, and tell nobody; nothing is kept")
	flags.StringVar(&f.try, "try", "", "send a made-up event to the sink of that name, and end")
	for flag, name := range map[string]string{"rules-file": "FILE", "to": "SINK", "syslog": "ADDRESS", "try": "SINK"} {
		placeholder(flags, flag, name)
	}
	bind(cmd, append([]string{"watch.rules", "watch.state_dir", "watch.http", "log.level", "log.format"}, clientSettings...)...)
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		a.onInterrupt.Store(interruptEnds)
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		fleet := cmd.Flags().Changed("broker") || len(f.files) == 0 && c.IsSet("client.brokers")
		if fleet && len(f.files) > 0 {
			return usage(cmd, "-f is refused with --broker: the rules of a fleet live on its workers; name a rule set with --rules")
		}
		if len(f.files) > 0 && cmd.Flags().Changed("rules") {
			return usage(cmd, "--rules names rule sets of worker.rules or of a fleet, and -f is neither")
		}
		f.state = cmd.Flags().Changed("state")
		w, err := a.planWatch(c, f, paths)
		if err != nil {
			return usage(cmd, err.Error())
		}
		if f.try != "" {
			return a.trySink(cmd.Context(), w, f.try)
		}
		if !fleet && len(f.files) == 0 && len(c.Worker.Rules) == 0 {
			return usage(cmd, "no rules: give -f FILE to match here, or --broker to ask a fleet; or name rules in worker.rules")
		}
		return a.watch(cmd.Context(), w, f, fleet)
	}
	return cmd
}

// watch runs a planned watch.
func (a *app) watch(ctx context.Context, w *watchPlan, f *watchFlags, fleet bool) error {
	memory := limitMemory(0)
	manager := notify.New(a.env, w.log)
	manager.Starting("opening rules")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o, closeState, err := a.openWatch(w, cancel)
	if err != nil {
		return err
	}
	var stop func()
	o.Version = versionString()
	if at := w.config.Watch.HTTP; at != "off" {
		o.HTTP = at
	}
	if stop, err = a.watchMatcher(w, f, fleet, manager, &o); err != nil {
		closeWatch(&o)
		return errors.Join(err, closeState())
	}
	defer stop()
	if notified(a.env) {
		o.Pulse = watchPulse(manager)
	}
	memory.log(w.log)
	a.onInterrupt.Store(interruptDrains)
	err = watch.Run(ctx, o)
	return errors.Join(err, closeState())
}

// notified reports whether a service manager listens.
func notified(env []string) bool {
	for _, e := range env {
		if strings.HasPrefix(e, "NOTIFY_SOCKET=") {
			return true
		}
	}
	return false
}

// watchMatcher opens the rules, or makes the client of a fleet, for o.
func (a *app) watchMatcher(w *watchPlan, f *watchFlags, fleet bool, manager *notify.Manager, o *watch.Options) (stop func(), err error) {
	sets := w.config.Watch.Rules
	if fleet {
		conn, err := a.connect(w.config)
		if err != nil {
			return nil, err
		}
		// Workers load the rules of a fleet: there is nothing to load here.
		stopListening := onHangup(manager, w.log, func() error { return nil })
		o.Matcher = func() (watch.Matcher, error) { return watch.Fleet(conn, sets, w.config.Client.Timeout), nil }
		o.Report = func(ctx context.Context, r *wire.Report) error { return conn.Report(ctx, r, w.config.Client.Timeout) }
		return func() { stopListening(); _ = conn.Close() }, nil
	}
	files := make(map[string][]string)
	if len(f.files) > 0 {
		sets = []string{wire.DefaultRules}
		files[wire.DefaultRules] = f.files
		loaded, stopSets, err := liveRules(files, rules.Compile, nil, manager.Reload, w.log)
		if err != nil {
			return nil, err
		}
		o.Matcher = func() (watch.Matcher, error) { return watch.Here(loaded, sets), nil }
		return func() { stopSets() }, nil
	}
	for _, set := range sets {
		if files[set] = w.config.Worker.Rules[set]; files[set] == nil {
			return nil, fmt.Errorf("worker.rules has no rule set %s, which watch.rules (--rules) names", set)
		}
	}
	store := rules.NewStore(stateDir(w.config, a.env), versionString(), w.log)
	loaded, stopSets, err := storedRules(files, store, manager.Reload, w.log)
	if err != nil {
		return nil, err
	}
	o.Matcher = func() (watch.Matcher, error) { return watch.Here(loaded, sets), nil }
	return stopSets, nil
}

// watchPulse makes the sentences of a watcher.
func watchPulse(manager *notify.Manager) func(*watch.Status) {
	started := sync.OnceFunc(unmapProgram)
	return func(s *watch.Status) {
		defer started()
		if s.Stopping {
			manager.Stop(watchEnd)
			manager.Alive("stopping")
			return
		}
		var notes []string
		if s.Matching != nil {
			notes = append(notes, "waiting to match: "+s.Matching.Error())
		}
		for i := range s.Sources {
			if p := s.Sources[i].Problem; p != "" {
				notes = append(notes, s.Sources[i].Name+": "+p)
			}
		}
		for i := range s.Sinks {
			if s.Sinks[i].Away != nil {
				notes = append(notes, "sink "+s.Sinks[i].Name+" is away")
			}
			if s.Sinks[i].Blocking {
				notes = append(notes, "sources wait for it")
			}
		}
		status := human.Count(len(s.Sources), "source") + ", " + human.Count(len(s.Sinks), "sink")
		if len(notes) > 0 {
			status += "; " + strings.Join(notes, "; ")
		}
		manager.Alive(status)
	}
}

// watchEnd is how long the end of a watcher may take, about.
const watchEnd = 10 * time.Second

// trySink sends a made-up event to one sink.
func (a *app) trySink(ctx context.Context, w *watchPlan, name string) error {
	var names []string
	for i := range w.sinks {
		s := &w.sinks[i]
		names = append(names, s.Name)
		if s.Name != name {
			continue
		}
		o, err := a.openSink(w, s, func() {})
		if err != nil {
			return err
		}
		defer o.Sink.Close()
		ctx, cancel := context.WithTimeout(ctx, watchTry)
		defer cancel()
		if _, err := o.Sink.Send(ctx, []*watch.Event{watch.Example(w.config.Watch.Name, &o, exampleGroups(s))}); err != nil {
			return fmt.Errorf("sink %s: %w", name, err)
		}
		if s.Stdout == nil {
			a.printf("sink %s has taken the event\n", name)
		}
		return nil
	}
	return fmt.Errorf("no sink %s; there are %s", name, strings.Join(names, ", "))
}

// watchTry bounds the time of trySink.
const watchTry = 30 * time.Second

// exampleGroups makes up the groups named by a sink's templates.
func exampleGroups(s *config.WatchSink) (groups []watch.Group) {
	for _, text := range watchTexts(s) {
		for _, name := range text.Names() {
			if group, ok := strings.CutPrefix(name, "groups."); ok {
				groups = append(groups, watch.Group{Name: group, Value: []byte("192.0.2.1")}) // RFC 5737: for examples
			}
		}
	}
	return groups
}

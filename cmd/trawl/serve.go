package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"trawl/broker"
	"trawl/edge/board"
	"trawl/edge/config"
	"trawl/edge/notify"
	"trawl/edge/rules"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker"
)

func (a *app) brokerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run a broker: takes requests of clients and spreads them over workers",
		Example: `  trawl broker                                                          for clients and workers on this machine
  trawl broker --clients tcp://*:5555 --workers tcp://*:5556 --insecure for a network that you trust
  trawl broker --clients tcp://*:5555 --workers tcp://*:5556 --key broker.key --allowed-keys allowed.keys`,
		Args: noArgs,
	}
	bind(cmd, "broker.clients", "broker.workers", "broker.insecure", "broker.name", "broker.state_dir", "broker.drain_timeout", "http.listen", "http.match", "security.key", "security.allowed_keys", "log.level", "log.format")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.onInterrupt.Store(interruptEnds)
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		o := brokerOptions(c)
		o.Log = a.logger(c)
		if dir := stateDir(c.Broker.StateDir, a.env); dir != "" {
			o.ReleaseFolder, o.ReleaseStore = filepath.Join(dir, "broker", "releases"), int64(c.Broker.ReleaseStore)
		}
		memory := limitMemory(brokerHeap(o.Limits))
		if o.Security, err = brokerSecurity(c); err != nil {
			return err
		}
		manager := notify.New(a.env, o.Log)
		look, stop := collectOften()
		defer stop()
		pulse := brokerPulse(manager, o.DrainTimeout)
		o.Pulse = func(p broker.Pulse) { pulse(p); look() } // one wake-up for both
		a.onInterrupt.Store(interruptDrains)
		b, err := broker.Listen(o)
		if err != nil {
			return err
		}
		memory.log(o.Log)
		defer watchKeys(b, c, o.Log)()
		defer onHangup(manager, o.Log, b.ReloadKeys)()
		zmtp.KeepSchedulerBusy()
		return b.Serve(cmd.Context())
	}
	return cmd
}

func (a *app) workerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "worker --rules [NAME=]FILE",
		Short: "Run a worker: holds rules, and matches for its brokers",
		Long: `Run a worker: holds rules, and matches for its brokers.

Rules whose files change are loaded again while the worker serves, a few seconds
after the last change, and at once on SIGHUP; each rule set by itself. A request is
matched by the old rules or by the new ones, never by some of both. Rules with a
mistake are not taken: the ones from before stay in use, and the log and trawl
status say why.`,
		Example: `  trawl worker --rules words.txt                                        for the broker on this machine
  trawl worker --broker tcp://pi1:5556 --rules pii=pii.yaml,names.yaml --rules default=words.txt`,
		Args: noArgs,
	}
	bind(cmd, "worker.brokers", "worker.rules", "worker.releases", "worker.name", "worker.slots", "worker.state_dir", "worker.drain_timeout", "security.key", "security.server_key", "log.level", "log.format")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		a.onInterrupt.Store(interruptEnds)
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		if len(c.Worker.Rules) == 0 {
			return usage(cmd, "a worker needs rules: give --rules FILE, or worker.rules in the configuration")
		}
		o := workerOptions(c)
		o.Log, o.Escalate = a.logger(c), escalations(c)
		memory := limitMemory(0)
		if o.Security, err = peerSecurity(c); err != nil {
			return err
		}
		manager := notify.New(a.env, o.Log)
		manager.Starting("opening rules")
		o.Report = workerReport(manager, o.DrainTimeout, o.Brokers)
		var stop func()
		store := rules.NewStore(stateDir(c.Worker.StateDir, a.env), versionString(), o.Log)
		taker, err := releaseTaker(c, a.env, o.Name, store, o.Log)
		if err != nil {
			return err
		}
		if o.RuleSets, stop, err = storedRules(c.Worker.Rules, store, taker, manager.Reload, o.Log); err != nil {
			return err
		}
		defer stop()
		defer runTaker(taker, &o)()
		memory.log(o.Log)
		a.onInterrupt.Store(interruptDrains)
		return worker.Run(cmd.Context(), o)
	}
	return cmd
}

// stateDir is where a worker keeps compiled rules, and either role releases: as configured, else as
// systemd says, else in the user's cache folder. Empty: nowhere.
func stateDir(configured string, env []string) string {
	if configured != "" {
		return configured
	}
	for _, e := range env {
		if list, ok := strings.CutPrefix(e, "STATE_DIRECTORY="); ok && list != "" {
			first, _, _ := strings.Cut(list, ":") // a unit can have several
			return first
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		return filepath.Join(cache, "trawl")
	}
	return ""
}

func (a *app) upCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up -f RULES",
		Short: "Run a broker and workers in one process, on the standard ports",
		Long: `Run a broker and workers in one process, on the standard ports. Workers on other
boards can join; so all settings of broker and worker hold, from the configuration
file and the environment. Rules are loaded again when their files change, and on
SIGHUP; see trawl worker --help.`,
		Example: `  trawl up -f words.txt
  trawl up -f rules.yaml --workers 2`,
		Args: noArgs,
	}
	files := cmd.Flags().StringArrayP("rules-file", "f", nil, rulesFileUsage+", of the rule set default; may be given several times")
	n := cmd.Flags().Int("workers", 1, "number of workers, from 1 to 64")
	placeholder(cmd.Flags(), "rules-file", "FILE")
	placeholder(cmd.Flags(), "workers", "NUMBER")
	bind(cmd, "broker.clients", "broker.insecure", "http.listen", "http.match", "security.key", "security.allowed_keys", "log.level", "log.format")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		if len(*files) == 0 {
			return usage(cmd, "no rules: give -f FILE")
		}
		if *n < 1 || *n > 64 {
			return usage(cmd, "--workers takes a number from 1 to 64")
		}
		log := a.logger(c)
		memory := limitMemory(0)
		byItself := func(reload func()) { reload() } // the service manager hears of the keys
		sets, stopSets, err := liveRules(map[string][]string{wire.DefaultRules: *files}, rules.Compile, nil, nil, byItself, log)
		if err != nil {
			return err
		}
		defer stopSets()
		o := brokerOptions(c)
		o.Log = log
		if o.Security, err = brokerSecurity(c); err != nil {
			return err
		}
		manager := notify.New(a.env, log)
		o.Pulse = brokerPulse(manager, o.DrainTimeout)
		w := workerOptions(c)
		w.Log, w.RuleSets, w.Escalate = log, sets, escalations(c)
		stop := func() {}
		defer func() { stop() }()
		a.onInterrupt.Store(interruptDrains)
		return serveTogether(cmd.Context(), o, w, *n, func(b *broker.Broker) {
			memory.log(log)
			stopWatching, stopListening := watchKeys(b, c, log), onHangup(manager, log, b.ReloadKeys)
			stop = func() { stopListening(); stopWatching() }
		})
	}
	return cmd
}

// serveTogether runs a broker and n workers in this process until ctx ends or
// the broker is told to stop. The workers reach the broker through an inproc
// endpoint next to those in o. ready is called once the broker listens.
func serveTogether(ctx context.Context, o broker.Options, w worker.Options, n int, ready func(*broker.Broker)) error {
	own := fmt.Sprintf("inproc://workers-%p", &o)
	o.Workers = append(slices.Clone(o.Workers), own)
	b, err := broker.Listen(o)
	if err != nil {
		return err
	}
	w.Brokers = []string{own}
	if w.Slots == 0 {
		w.Slots = max(1, cores()/n)
	}
	name := w.Name
	working, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	failures := make([]error, n)
	for i := range n {
		if n > 1 {
			w.Name = fmt.Sprintf("%s-%d", name, i+1)
		}
		options := w
		workers.Go(func() { failures[i] = worker.Run(working, options) })
	}
	ready(b)
	err = b.Serve(ctx)
	stopWorkers()
	workers.Wait()
	return errors.Join(append(failures, err)...)
}

func brokerOptions(c *config.Config) broker.Options {
	o := broker.Options{
		Name: c.Broker.Name, Version: versionString(),
		Clients: c.Broker.Clients, Workers: c.Broker.Workers, Insecure: c.Broker.Insecure,
		ExpectRules: c.Broker.Expect.Rules, ExpectWorkers: c.Broker.Expect.Workers,
		RuleSets:  make(map[string]broker.RulePolicy),
		Heartbeat: c.Broker.Heartbeat, DrainTimeout: c.Broker.DrainTimeout,
		Limits: broker.Limits{
			Text: int64(c.Limits.Text), Request: int64(c.Limits.Request), Frame: int64(c.Limits.Frame),
			Answer: int64(c.Limits.Answer), Texts: c.Limits.Texts, Queue: c.Limits.Queue, Memory: memoryBudget(c), Priority: &c.Limits.Priority,
		},
	}
	if c.HTTP.On() {
		o.HTTP = broker.HTTP{Listen: c.HTTP.Listen, Match: c.HTTP.Match}
	}
	for _, p := range c.Broker.Plain {
		o.Plain = append(o.Plain, broker.Plain{Endpoint: p.Endpoint, Rules: p.Rules})
	}
	for name := range c.Broker.RuleSets {
		set := c.RulePolicy(name)
		o.RuleSets[name] = broker.RulePolicy{Impure: !set.Idempotent, Queue: set.Queue, Hedge: set.HedgePercent()}
	}
	return o
}

func workerOptions(c *config.Config) worker.Options {
	return worker.Options{
		Name: c.Worker.Name, Version: versionString(), Brokers: c.Worker.Brokers, Slots: c.Worker.Slots,
		DrainTimeout: c.Worker.DrainTimeout,
		Limits:       worker.Limits{Matches: c.Limits.Matches, Answer: int64(c.Limits.Answer)},
	}
}

// escalations are those of a worker that stays; `scan` asks for its own rules only.
func escalations(c *config.Config) (list []worker.Escalation) {
	for _, e := range c.Worker.Escalate {
		list = append(list, worker.Escalation{Rules: e.Rules, Tags: e.Tags, Severities: e.Severity, To: e.To, Worker: e.Worker})
	}
	return list
}

// memoryBudget is what the broker may hold: as configured, or an eighth of the
// board's memory, at most 64 MiB.
func memoryBudget(c *config.Config) int64 {
	const most = 64 << 20
	if c.Limits.Memory > 0 {
		return int64(c.Limits.Memory)
	}
	if memory := board.Read().Memory; memory > 0 {
		return min(most, memory/8)
	}
	return most
}

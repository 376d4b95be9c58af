package main

// From configuration and command line to the sources and sinks of a watch.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"trawl/edge/config"
	"trawl/edge/escape"
	"trawl/edge/follow"
	"trawl/edge/template"
	"trawl/edge/watch"
	"trawl/edge/zmtp"
)

// watchPlan has the parts of a watch, before anything is opened.
type watchPlan struct {
	config  *config.Config
	log     *slog.Logger
	sources []config.WatchSource
	sinks   []config.WatchSink
	dryRun  bool
	names   bool // printed records begin with the file or source
	// printing guards the output of dry runs.
	printing sync.Mutex

	run   string // folder on a tmpfs for what a crash may interrupt; empty: none
	state string // folder for what outlives a reboot; empty: nothing is kept
}

// keeps reports whether the watch keeps its state over restarts.
func (w *watchPlan) keeps() bool { return w.state != "" }

// planWatch puts sources and sinks together. The error is about flags and arguments.
func (a *app) planWatch(c *config.Config, f *watchFlags, paths []string) (*watchPlan, error) {
	w := &watchPlan{config: c, dryRun: f.dryRun}
	var err error
	if w.sources, err = f.sources(paths); err != nil {
		return nil, err
	}
	configured := len(w.sources) == 0 && len(c.Watch.Sources) > 0
	switch {
	case configured:
		w.sources = c.Watch.Sources
	case len(w.sources) == 0:
		w.sources = []config.WatchSource{{Name: "stdin", Stdin: &config.WatchStdin{}}}
	}
	if err := w.planSinks(f); err != nil {
		return nil, err
	}
	if !configured && !c.IsSet("log.level") {
		quiet := *c
		quiet.Log.Level = "warn" // somebody looks on
		w.log = a.logger(&quiet)
	} else {
		w.log = a.logger(c)
	}
	w.names = len(w.sources) > 1
	for _, s := range w.sources {
		w.names = w.names || s.File != nil && (len(s.File.Paths) > 1 || strings.ContainsAny(s.File.Paths[0], "*?["))
	}
	// The state of the configured watch is not touched by another one.
	if (f.state || configured && len(f.to) == 0 && !f.json) && !f.dryRun {
		w.run, w.state = watchFolders(c, a.env)
	}
	return w, nil
}

// sources returns the sources of the command line.
func (f *watchFlags) sources(paths []string) (list []config.WatchSource, err error) {
	from := "end"
	if f.beginning {
		from = "beginning"
	}
	files := &config.WatchFiles{From: from}
	for _, path := range paths {
		if path == "-" {
			list = append(list, config.WatchSource{Name: "stdin", Stdin: &config.WatchStdin{}})
			continue
		}
		pattern, err := absolutePattern(path)
		if err != nil {
			return nil, err
		}
		files.Paths = append(files.Paths, pattern)
	}
	if len(list) > 1 {
		return nil, errors.New("standard input (-) is given twice")
	}
	if len(files.Paths) > 0 {
		list = append(list, config.WatchSource{Name: "file", File: files})
	}
	if f.journal {
		list = append(list, config.WatchSource{Name: "journal", Journal: &config.WatchJournal{From: from}})
	}
	if f.syslog != "" {
		if err := config.CheckSyslog(f.syslog); err != nil {
			return nil, fmt.Errorf("--syslog: %w", err)
		}
		list = append(list, config.WatchSource{Name: "syslog", Syslog: &config.WatchSyslog{UDP: f.syslog, TCP: f.syslog}})
	}
	return list, nil
}

// absolutePattern makes the absolute pattern of an argument. The name of an existing file
// is taken literally.
func absolutePattern(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(abs); err == nil {
		return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(abs), nil
	}
	if _, err := filepath.Match(abs, "x"); err != nil {
		return "", escape.Errorf("%q is neither a file nor a pattern of file names", path)
	}
	return abs, nil
}

// planSinks takes the sinks of the command line, else those of the configuration, else
// standard output.
func (w *watchPlan) planSinks(f *watchFlags) error {
	for _, to := range f.to {
		s, err := config.ParseSink(to)
		if err != nil {
			return fmt.Errorf("--to: %w", err)
		}
		kind := s.Name
		for n := 2; slices.ContainsFunc(w.sinks, func(o config.WatchSink) bool { return o.Name == s.Name }); n++ {
			s.Name = fmt.Sprintf("%s-%d", kind, n)
		}
		w.sinks = append(w.sinks, s)
	}
	if len(w.sinks) == 0 && !f.json {
		w.sinks = slices.Clone(w.config.Watch.Sinks)
	}
	if len(w.sinks) == 0 || f.json {
		s, _ := config.ParseSink("-")
		if f.json {
			s.Stdout.Format = "json"
		}
		w.sinks = append(w.sinks, s)
	}
	return nil
}

// watchFolders returns the folders for the state: run on a tmpfs, if there is a tmpfs,
// and state on a disk.
func watchFolders(c *config.Config, env []string) (run, state string) {
	first := func(name string) string {
		for _, e := range env {
			if list, ok := strings.CutPrefix(e, name+"="); ok {
				dir, _, _ := strings.Cut(list, ":")
				return dir
			}
		}
		return ""
	}
	state = c.Watch.StateDir
	if state == "" {
		if dir := stateDir(&config.Config{}, env); dir != "" {
			state = filepath.Join(dir, "watch")
		}
	}
	if abs, err := filepath.Abs(state); err == nil && state != "" {
		state = abs
	}
	sum := sha256.Sum256([]byte(state))
	own := "watch-" + hex.EncodeToString(sum[:4]) // several watchers have a folder each
	switch ofUnit, ofUser := first("RUNTIME_DIRECTORY"), first("XDG_RUNTIME_DIR"); {
	case state == "":
	case ofUnit != "":
		run = filepath.Join(ofUnit, own)
	case ofUser != "":
		run = filepath.Join(ofUser, "trawl", own)
	case os.Geteuid() == 0 && isFolder("/run"):
		run = filepath.Join("/run/trawl", own)
	}
	return run, state
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// openWatch opens state, sources and sinks. Stop ends the watch.
func (a *app) openWatch(w *watchPlan, stop context.CancelFunc) (o watch.Options, closeState func() error, err error) {
	o = watch.Options{Board: w.config.Watch.Name, Log: w.log, Run: w.run, State: w.state}
	closeState = func() error { return nil }
	var state *follow.State
	if w.keeps() {
		if state, err = follow.OpenState(w.run, w.state); err != nil {
			return o, nil, err
		}
		closeState = state.Close
	}
	defer func() {
		if err == nil {
			return
		}
		closeWatch(&o)
		err = errors.Join(err, closeState())
	}()
	for i := range w.sinks {
		sink, err := a.openSink(w, &w.sinks[i], stop)
		if err != nil {
			return o, nil, err
		}
		o.Sinks = append(o.Sinks, sink)
	}
	for i := range w.sources {
		s := &w.sources[i]
		source, err := a.openSource(w, s, state)
		if err != nil {
			return o, nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		o.Sources = append(o.Sources, watch.SourceOptions{Name: s.Name, Labels: s.Labels, Source: source})
	}
	return o, closeState, nil
}

// closeWatch closes sources and sinks of a watch that does not begin.
func closeWatch(o *watch.Options) {
	for i := range o.Sources {
		_ = o.Sources[i].Source.Close()
	}
	for i := range o.Sinks {
		_ = o.Sinks[i].Sink.Close()
	}
}

func (a *app) openSource(w *watchPlan, s *config.WatchSource, state *follow.State) (watch.Source, error) {
	log := w.log.With("source", s.Name)
	switch {
	case s.File != nil:
		start, err := compileStart(s.File.Start)
		if err != nil {
			return nil, err
		}
		return watch.NewFiles(follow.Options{
			Source: s.Name, Paths: s.File.Paths, Exclude: s.File.Exclude, FromBeginning: s.File.From == "beginning",
			Start: start, State: state, Log: log,
		})
	case s.Journal != nil:
		o := watch.JournalOptions{
			Units: s.Journal.Units, Identifiers: s.Journal.Identifiers, Priority: s.Journal.Priority,
			FromBeginning: s.Journal.From == "beginning", Log: log,
		}
		if state != nil {
			cell, err := state.Cell("journal-" + s.Name)
			if err != nil {
				return nil, err
			}
			o.Cell = cell
		}
		return watch.NewJournal(o)
	case s.Syslog != nil:
		for _, address := range []string{s.Syslog.UDP, s.Syslog.TCP} {
			if address != "" && !zmtp.IsLocal("tcp://"+address) {
				log.Warn("syslog has no keys: whoever reaches this address can write there", "address", address)
			}
		}
		return watch.NewSyslog(watch.SyslogOptions{UDP: anyHost(s.Syslog.UDP), TCP: anyHost(s.Syslog.TCP), Log: log})
	case s.MQTT != nil:
		return watch.NewMQTTSource(watch.MQTTSourceOptions{
			Broker: w.broker(s.MQTT.Broker, s.MQTT.User, s.MQTT.PasswordFile, "from-"+s.Name), Topics: s.MQTT.Topics,
			Retained: s.MQTT.Retained, Fresh: !w.keeps(), Log: log,
		})
	}
	start, err := compileStart(s.Stdin.Start)
	if err != nil {
		return nil, err
	}
	return watch.NewInput(a.in, follow.Options{Source: s.Name, Start: start, Log: log}), nil
}

// anyHost writes *:PORT as package net does, :PORT.
func anyHost(address string) string { return strings.TrimPrefix(address, "*") }

func compileStart(s string) (*regexp.Regexp, error) {
	if s == "" {
		return nil, nil
	}
	return regexp.Compile(s)
}

// broker is a broker of MQTT, with its port and credentials. Name is unique: a broker ends
// a connection when another with the same client id is made.
func (w *watchPlan) broker(address, user, passwordFile, name string) watch.MQTTBroker {
	if u, err := url.Parse(address); err == nil && u.Port() == "" {
		port := "1883"
		if u.Scheme == "mqtts" {
			port = "8883"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
		address = u.String()
	}
	return watch.MQTTBroker{URL: address, User: user, PasswordFile: passwordFile, ClientID: "trawl-" + w.config.Watch.Name + "-" + name}
}

// openSink makes a sink with its filter and rate limit.
func (a *app) openSink(w *watchPlan, s *config.WatchSink, stop func()) (watch.SinkOptions, error) {
	o := watch.SinkOptions{
		Name: s.Name, DropOldest: s.WhenFull == "drop_oldest",
		Filter: watch.Filter{Severity: s.Filter.Severity, Tags: s.Filter.Tags, Rules: s.Filter.Rules},
		Limit:  watch.RateLimit{Interval: s.RateLimit.Interval, GroupBy: s.RateLimit.GroupBy, Burst: s.RateLimit.Burst},
		Line:   slices.Contains(s.Include, "line"),
		Batch:  1,
	}
	line := o.Line
	for _, text := range watchTexts(s) {
		o.Line = o.Line || slices.Contains(text.Names(), "line")
	}
	var err error
	switch {
	case s.Webhook != nil:
		o.Sink, err = newWebhook(s.Webhook, line)
	case s.Exec != nil:
		command := watchTexts(s)
		if _, err = exec.LookPath(s.Exec.Command[0]); err == nil {
			o.Sink = watch.NewExec(command, s.Exec.Timeout, line)
		}
	case s.MQTT != nil:
		o.Batch = watch.MQTTBatch
		o.Sink, err = watch.NewMQTTSink(watch.MQTTOptions{
			Broker: w.broker(s.MQTT.Broker, s.MQTT.User, s.MQTT.PasswordFile, "to-"+s.Name),
			Topic:  parsed(s.MQTT.Topic), Text: parsed(s.MQTT.Template), Retain: s.MQTT.Retain, Line: line,
		})
	case s.File != nil:
		o.Batch = printBatch
		o.Sink = watch.NewJSONFile(s.File.Path, line)
	default:
		o.Batch = printBatch
		print := watch.PrintOptions{JSON: s.Stdout.Format == "json", Line: line, Names: w.names, Color: terminal(a.out), Terminal: isTerminal(a.out)}
		o.Line = o.Line || !print.JSON
		o.Sink = watch.NewPrinter(a.out, print, stop)
	}
	if err != nil {
		return o, fmt.Errorf("sink %s: %w", s.Name, err)
	}
	if w.dryRun {
		out := func(text string) {
			w.printing.Lock()
			defer w.printing.Unlock()
			a.printLines(text)
		}
		o.Sink = &watch.DryRun{Name: s.Name, Sink: o.Sink, Out: out}
		o.DropOldest = false
	}
	return o, nil
}

// printBatch is how many events are written at once.
const printBatch = 256

func newWebhook(s *config.WatchWebhook, line bool) (*watch.Webhook, error) {
	o := watch.WebhookOptions{
		Format: s.Format, URL: parsed(s.URL), Text: parsed(s.Template), Title: parsed(s.Title),
		TokenFile: s.TokenFile, Timeout: s.Timeout, Line: line,
	}
	for _, name := range s.HeaderNames {
		o.Headers = append(o.Headers, watch.Header{Name: name, Value: parsed(s.Headers[name])})
	}
	return watch.NewWebhook(o)
}

// parsed parses a template that the configuration has checked.
func parsed(s string) template.Template {
	t, _ := template.Parse(s)
	return t
}

// watchTexts are the templates of a sink; of a program, the words of its command.
func watchTexts(s *config.WatchSink) (texts []template.Template) {
	add := func(list ...string) {
		for _, text := range list {
			texts = append(texts, parsed(text))
		}
	}
	switch {
	case s.Webhook != nil:
		add(s.Webhook.URL)
		if s.Webhook.Format != "json" {
			add(s.Webhook.Template)
		}
		if s.Webhook.Format == "ntfy" {
			add(s.Webhook.Title)
		}
		for _, name := range s.Webhook.HeaderNames {
			add(s.Webhook.Headers[name])
		}
	case s.Exec != nil:
		add(s.Exec.Command...)
	case s.MQTT != nil:
		add(s.MQTT.Topic, s.MQTT.Template)
	}
	return texts
}

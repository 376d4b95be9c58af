package config

// Reading of watch.sources and watch.sinks. Each value is checked when it is read, so
// that problems have a line.

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"trawl/edge/escape"
	"trawl/edge/names"
	"trawl/edge/template"
)

// members says how each key of a mapping is read.
type members map[string]func(at string, n *yaml.Node)

// mapping reads a mapping and refuses unknown keys.
func (r *fileReader) mapping(path string, n *yaml.Node, keys members) {
	allowed := strings.Join(sortedKeys(keys), ", ")
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be a mapping with some of %s", path, allowed)
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		read, ok := keys[name.Value]
		if !ok {
			r.problem(name.Line, "unknown key %s.%s; there are %s", path, name.Value, allowed)
			return
		}
		read(path+"."+name.Value, value)
	})
}

// checked reads a scalar and checks it.
func checked[T any](r *fileReader, dst *T, check func(T) error) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		before := r.problems.Count()
		valueOf(dst).read(r, at, n)
		if r.problems.Count() > before || check == nil {
			return
		}
		if err := check(*dst); err != nil {
			r.problem(n.Line, "%s: %v", at, err)
		}
	}
}

// texts reads a list and checks each item.
func (r *fileReader) texts(dst *[]string, check func(string) error) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		before := r.problems.Count()
		*dst = nil
		valueOf(dst).read(r, at, n)
		if r.problems.Count() == before && len(*dst) == 0 {
			r.problem(n.Line, "%s: needs at least one", at)
		}
		for i, s := range *dst {
			if check == nil {
				break
			}
			if err := check(s); err != nil {
				line := n.Line
				if n.Kind == yaml.SequenceNode && i < len(n.Content) {
					line = n.Content[i].Line
				}
				r.problem(line, "%s: %v", at, err)
			}
		}
	}
}

// pathTo reads a path; a relative path starts at the file's folder.
func (r *fileReader) pathTo(dst *string) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		before := r.problems.Count()
		if valueOf(dst).read(r, at, n); r.problems.Count() > before {
			return
		}
		if *dst = r.absolute(n); *dst == "" {
			r.problem(n.Line, "%s: must not be empty", at)
		}
	}
}

// absolute makes the path in n start at the file's folder.
func (r *fileReader) absolute(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" && !filepath.IsAbs(n.Value) {
		n.Value = filepath.Join(filepath.Dir(r.path), n.Value)
		if abs, err := filepath.Abs(n.Value); err == nil {
			n.Value = abs
		}
	}
	return n.Value
}

// named reads a mapping of names and texts.
func (r *fileReader) named(dst *map[string]string, order *[]string, check func(name, value string) error) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			r.problem(n.Line, "%s: must be names and texts, as in {NAME: TEXT}", at)
			return
		}
		*dst = make(map[string]string)
		r.fields(n, func(name, value *yaml.Node) {
			var s string
			before := r.problems.Count()
			if valueOf(&s).read(r, at+"."+name.Value, value); r.problems.Count() > before {
				return
			}
			if err := check(name.Value, s); err != nil {
				r.problem(name.Line, "%s: %v", at, err)
			}
			(*dst)[name.Value] = s
			if order != nil {
				*order = append(*order, name.Value)
			}
		})
	}
}

// items reads a list of mappings.
func (r *fileReader) items(path string, n *yaml.Node, form string, each func(at string, n *yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list, as in %s", path, form)
		return
	}
	for i, item := range n.Content {
		each(path+"."+strconv.Itoa(i+1), item)
	}
}

// kindOf complains unless exactly one kind was given, and names the item.
func (r *fileReader) kindOf(at string, n *yaml.Node, kinds int, kind, of string, name *string, seen map[string]bool) {
	switch {
	case kinds == 0:
		r.problem(n.Line, "%s: needs one of %s", at, of)
		return
	case kinds > 1:
		r.problem(n.Line, "%s: has more than one of %s; give each an item of its own", at, of)
	}
	given := *name != ""
	if !given {
		*name = kind
	}
	if seen[*name] {
		more := "each needs a name of its own"
		if !given {
			more = "give each a name"
		}
		r.problem(n.Line, "%s: there is a %s already; %s", at, *name, more)
	}
	seen[*name] = true
}

func (r *fileReader) watchSources(path string, n *yaml.Node) (list []WatchSource) {
	seen := map[string]bool{}
	r.items(path, n, "[{file: {paths: [/var/log/syslog]}}]", func(at string, n *yaml.Node) {
		s := WatchSource{node: n}
		kinds := 0
		r.mapping(at, n, members{
			"name":    checked(r, &s.Name, names.Check),
			"labels":  r.named(&s.Labels, nil, func(name, _ string) error { return checkLabel(name) }),
			"file":    func(at string, n *yaml.Node) { kinds++; s.File = r.watchFiles(at, n) },
			"journal": func(at string, n *yaml.Node) { kinds++; s.Journal = r.watchJournal(at, n) },
			"syslog":  func(at string, n *yaml.Node) { kinds++; s.Syslog = r.watchSyslog(at, n) },
			"mqtt":    func(at string, n *yaml.Node) { kinds++; s.MQTT = r.watchTopics(at, n) },
			"stdin": func(at string, n *yaml.Node) {
				kinds++
				s.Stdin = &WatchStdin{}
				if !isNull(n) {
					r.mapping(at, n, members{"multiline": r.multiline(&s.Stdin.Start)})
				}
			},
		})
		r.kindOf(at, n, kinds, s.Kind(), "file, journal, syslog, mqtt and stdin", &s.Name, seen)
		list = append(list, s)
	})
	return list
}

func (r *fileReader) multiline(start *string) func(string, *yaml.Node) {
	return func(at string, n *yaml.Node) {
		r.mapping(at, n, members{"start": checked(r, start, checkStart)})
	}
}

func checkFrom(s string) error { return checkChoice(s, "end", "beginning") }

func (r *fileReader) watchFiles(at string, n *yaml.Node) *WatchFiles {
	f := &WatchFiles{From: "end"}
	paths := r.texts(&f.Paths, checkPattern)
	readPaths := func(at string, n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			r.absolute(n)
		}
		for _, item := range n.Content {
			r.absolute(item)
		}
		paths(at, n)
	}
	if n.Kind != yaml.MappingNode { // paths alone
		readPaths(at, n)
		return f
	}
	before := r.problems.Count()
	r.mapping(at, n, members{
		"paths":     readPaths,
		"exclude":   r.texts(&f.Exclude, checkPattern),
		"multiline": r.multiline(&f.Start),
		"from":      checked(r, &f.From, checkFrom),
	})
	if len(f.Paths) == 0 && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs paths, as in {paths: [/var/log/syslog]}", at)
	}
	return f
}

func (r *fileReader) watchJournal(at string, n *yaml.Node) *WatchJournal {
	j := &WatchJournal{From: "end"}
	if isNull(n) {
		return j
	}
	r.mapping(at, n, members{
		"units":       r.texts(&j.Units, checkWord),
		"identifiers": r.texts(&j.Identifiers, checkWord),
		"priority":    checked(r, &j.Priority, func(s string) error { return checkChoice(s, journalPriorities...) }),
		"from":        checked(r, &j.From, checkFrom),
	})
	return j
}

func (r *fileReader) watchSyslog(at string, n *yaml.Node) *WatchSyslog {
	s := &WatchSyslog{}
	before := r.problems.Count()
	r.mapping(at, n, members{"udp": checked(r, &s.UDP, CheckSyslog), "tcp": checked(r, &s.TCP, CheckSyslog)})
	if s.UDP == "" && s.TCP == "" && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs udp or tcp, as in {udp: \"127.0.0.1:5514\"}", at)
	}
	return s
}

func (r *fileReader) watchTopics(at string, n *yaml.Node) *WatchTopics {
	t := &WatchTopics{}
	before := r.problems.Count()
	r.mapping(at, n, members{
		"broker":        checked(r, &t.Broker, checkMQTT),
		"topics":        r.texts(&t.Topics, checkSubscription),
		"user":          checked(r, &t.User, nil),
		"password_file": r.pathTo(&t.PasswordFile),
		"retained":      checked(r, &t.Retained, nil),
	})
	if (t.Broker == "" || len(t.Topics) == 0) && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs broker and topics, as in {broker: \"mqtt://ha.lan\", topics: [\"zigbee2mqtt/#\"]}", at)
	}
	return t
}

func (r *fileReader) watchSinks(path string, n *yaml.Node) (list []WatchSink) {
	seen := map[string]bool{}
	r.items(path, n, "[{name: phone, webhook: {format: ntfy, url: \"https://ntfy.sh/attic\"}}]", func(at string, n *yaml.Node) {
		s := WatchSink{node: n}
		kinds := 0
		r.mapping(at, n, members{
			"name":       checked(r, &s.Name, names.Check),
			"filter":     func(at string, n *yaml.Node) { r.watchFilter(at, n, &s.Filter) },
			"rate_limit": func(at string, n *yaml.Node) { r.watchRateLimit(at, n, &s.RateLimit) },
			"when_full":  checked(r, &s.WhenFull, func(s string) error { return checkChoice(s, "block", "drop_oldest") }),
			"include":    r.texts(&s.Include, func(s string) error { return checkChoice(s, "line") }),
			"webhook":    func(at string, n *yaml.Node) { kinds++; s.Webhook = r.watchWebhook(at, n) },
			"exec":       func(at string, n *yaml.Node) { kinds++; s.Exec = r.watchExec(at, n) },
			"mqtt":       func(at string, n *yaml.Node) { kinds++; s.MQTT = r.watchPublish(at, n) },
			"file":       func(at string, n *yaml.Node) { kinds++; s.File = r.watchOutput(at, n) },
			"stdout":     func(at string, n *yaml.Node) { kinds++; s.Stdout = r.watchStdout(at, n) },
		})
		r.kindOf(at, n, kinds, s.Kind(), "webhook, exec, mqtt, file and stdout", &s.Name, seen)
		s.setDefaults()
		list = append(list, s)
	})
	return list
}

func (r *fileReader) watchFilter(at string, n *yaml.Node, f *WatchFilter) {
	r.mapping(at, n, members{
		"severity": r.texts(&f.Severity, func(s string) error { return checkChoice(s, names.Severities()...) }),
		"tags":     r.texts(&f.Tags, nil),
		"rules":    r.texts(&f.Rules, names.Check),
	})
}

func (r *fileReader) watchRateLimit(at string, n *yaml.Node, l *WatchRateLimit) {
	before := r.problems.Count()
	r.mapping(at, n, members{
		"interval": checked(r, &l.Interval, checkInterval),
		"group_by": r.texts(&l.GroupBy, template.CheckName),
		"burst": checked(r, &l.Burst, func(n int) error {
			if n < 1 || n > 10000 {
				return escape.Errorf("%d is not between 1 and 10000", n)
			}
			return nil
		}),
	})
	if l.Interval == 0 && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs an interval, as in {interval: 10m, group_by: [rule, board]}", at)
	}
}

func (r *fileReader) watchWebhook(at string, n *yaml.Node) *WatchWebhook {
	w := &WatchWebhook{}
	before := r.problems.Count()
	r.mapping(at, n, members{
		"format":     checked(r, &w.Format, func(s string) error { return checkChoice(s, "json", "ntfy", "slack") }),
		"url":        checked(r, &w.URL, checkWebhook),
		"token_file": r.pathTo(&w.TokenFile),
		"template":   checked(r, &w.Template, checkTemplate),
		"title":      checked(r, &w.Title, checkTemplate),
		"headers":    r.named(&w.Headers, &w.HeaderNames, checkHeader),
		"timeout":    checked(r, &w.Timeout, checkTimeout),
	})
	switch {
	case r.problems.Count() > before:
	case w.URL == "":
		r.problem(n.Line, "%s: needs a url, as in {format: ntfy, url: \"https://ntfy.sh/attic\"}", at)
	case (w.Format == "json" || w.Format == "") && w.Template != "":
		r.problem(n.Line, "%s: format json sends the event as it is and takes no template; give format ntfy or slack", at)
	case w.Format != "ntfy" && w.Title != "":
		r.problem(n.Line, "%s: title is for format ntfy", at)
	}
	return w
}

func checkTimeout(d time.Duration) error {
	if d < 100*time.Millisecond || d > 10*time.Minute {
		return escape.Errorf("%v is not between 100ms and 10m", d)
	}
	return nil
}

func (r *fileReader) watchExec(at string, n *yaml.Node) *WatchExec {
	x := &WatchExec{}
	words := func(at string, n *yaml.Node) {
		if n.Kind != yaml.SequenceNode { // an argument may have commas
			r.problem(n.Line, "%s: must be a list of words, as in [/usr/local/lib/trawl/ban, \"{groups.ip}\"]", at)
			return
		}
		before := r.problems.Count()
		if valueOf(&x.Command).read(r, at, n); r.problems.Count() > before {
			return
		}
		if err := checkCommand(x.Command); err != nil {
			r.problem(n.Line, "%s: %v", at, err)
		}
	}
	before := r.problems.Count()
	r.mapping(at, n, members{"command": words, "timeout": checked(r, &x.Timeout, checkTimeout)})
	if len(x.Command) == 0 && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs a command, as in {command: [/usr/local/lib/trawl/ban, \"{groups.ip}\"]}", at)
	}
	return x
}

func (r *fileReader) watchPublish(at string, n *yaml.Node) *WatchPublish {
	p := &WatchPublish{}
	before := r.problems.Count()
	r.mapping(at, n, members{
		"broker":        checked(r, &p.Broker, checkMQTT),
		"topic":         checked(r, &p.Topic, checkTopic),
		"template":      checked(r, &p.Template, checkTemplate),
		"user":          checked(r, &p.User, nil),
		"password_file": r.pathTo(&p.PasswordFile),
		"retain":        checked(r, &p.Retain, nil),
	})
	if p.Broker == "" && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs a broker, as in {broker: \"mqtt://ha.lan\"}", at)
	}
	return p
}

func (r *fileReader) watchOutput(at string, n *yaml.Node) *WatchOutput {
	o := &WatchOutput{}
	if n.Kind == yaml.ScalarNode && !isNull(n) { // the path alone
		r.pathTo(&o.Path)(at, n)
		return o
	}
	before := r.problems.Count()
	r.mapping(at, n, members{"path": r.pathTo(&o.Path)})
	if o.Path == "" && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs a path, as in {path: /var/log/trawl/events.jsonl}", at)
	}
	return o
}

func (r *fileReader) watchStdout(at string, n *yaml.Node) *WatchStdout {
	o := &WatchStdout{}
	if !isNull(n) {
		r.mapping(at, n, members{"format": checked(r, &o.Format, func(s string) error { return checkChoice(s, "text", "json") })})
	}
	return o
}

type watchSourcesValue struct {
	fileOnly
	dst *[]WatchSource
}

func (v watchSourcesValue) kind() string { return "list of sources" }

func (v watchSourcesValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = r.watchSources(path, n)
}

func (v watchSourcesValue) node() *yaml.Node {
	n := sequenceNode()
	for i := range *v.dst {
		n.Content = append(n.Content, inFlow((*v.dst)[i].node))
	}
	return n
}

type watchSinksValue struct {
	fileOnly
	dst *[]WatchSink
}

func (v watchSinksValue) kind() string { return "list of sinks" }

func (v watchSinksValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = r.watchSinks(path, n)
}

func (v watchSinksValue) node() *yaml.Node {
	n := sequenceNode()
	for i := range *v.dst {
		n.Content = append(n.Content, inFlow((*v.dst)[i].node))
	}
	return n
}

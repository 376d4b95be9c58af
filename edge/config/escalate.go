package config

// worker.escalate: reading, writing, checking.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/names"
)

const escalationForm = "as in {rules: default, when: {severity: [high]}, to: heavy}"

// escalationsValue is the list of a worker's escalations.
type escalationsValue struct {
	fileOnly
	dst *[]Escalation
}

func (escalationsValue) kind() string { return "list of escalations" }

func (v escalationsValue) node() *yaml.Node {
	n := sequenceNode()
	for i := range *v.dst {
		n.Content = append(n.Content, (*v.dst)[i].node())
	}
	return n
}

func (v escalationsValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = nil
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list of items %s", path, escalationForm)
		return
	}
	for i, item := range n.Content {
		*v.dst = append(*v.dst, r.escalation(path+"."+strconv.Itoa(i+1), item))
	}
}

func (r *fileReader) escalation(path string, n *yaml.Node) Escalation {
	e := Escalation{line: n.Line}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must hold rules, when and to, %s", path, escalationForm)
		return e
	}
	before := r.problems.Count()
	r.fields(n, func(name, value *yaml.Node) {
		at := path + "." + name.Value
		switch name.Value {
		case "rules":
			valueOf(&e.Rules).read(r, at, value)
		case "when":
			r.when(at, value, &e)
		case "to":
			if value.Kind == yaml.MappingNode {
				r.record(at, value, map[string]any{"worker": &e.Worker, "rules": &e.To})
			} else {
				valueOf(&e.To).read(r, at, value)
			}
		default:
			r.problem(name.Line, "unknown key %s; there are rules, to and when", at)
		}
	})
	if e.To == "" && e.Worker == "" && r.problems.Count() == before {
		r.problem(n.Line, "%s: needs to: the rule set to ask, or {worker: NAME}", path)
	}
	return e
}

// when reads `any`, or a mapping with tags or severity.
func (r *fileReader) when(path string, n *yaml.Node, e *Escalation) {
	if n.Kind == yaml.ScalarNode && n.Value == "any" {
		return
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.problem(n.Line, "%s: must be any, {tags: [TAG, …]} or {severity: [high, …]}", path)
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		at := path + "." + name.Value
		var to *[]string
		switch name.Value {
		case "tags":
			to = &e.Tags
		case "severity":
			to = &e.Severity
		default:
			r.problem(name.Line, "unknown key %s; there are severity and tags", at)
			return
		}
		before := r.problems.Count()
		if *to = r.list(at, value); len(*to) == 0 && r.problems.Count() == before {
			r.problem(value.Line, "%s: needs at least one", at)
		}
		for _, s := range *to {
			if name.Value == "severity" && !slices.Contains(names.Severities(), s) {
				r.problem(value.Line, "%s: severity %q is not one of %s", at, s, strings.Join(names.Severities(), ", "))
			}
		}
	})
}

// node writes e in the form that escalation reads.
func (e *Escalation) node() *yaml.Node {
	n := mapNode()
	add := func(name string, value *yaml.Node) { n.Content = append(n.Content, stringNode(name), value) }
	if e.Rules != "" {
		add("rules", stringNode(e.Rules))
	}
	when := mapNode()
	if len(e.Tags) > 0 {
		when.Content = append(when.Content, stringNode("tags"), listNode(e.Tags))
	}
	if len(e.Severity) > 0 {
		when.Content = append(when.Content, stringNode("severity"), listNode(e.Severity))
	}
	if len(when.Content) == 0 {
		when = stringNode("any")
	}
	add("when", when)
	if e.Worker == "" {
		add("to", stringNode(e.To))
		return n
	}
	to := mapNode(stringNode("worker"), stringNode(e.Worker))
	if e.To != "" {
		to.Content = append(to.Content, stringNode("rules"), stringNode(e.To))
	}
	add("to", to)
	return n
}

// escalations finds invalid names, rule sets that the worker does not have, and circles.
func (k *checker) escalations() {
	w := &k.config.Worker
	for i := range w.Escalate {
		e := &w.Escalate[i]
		if e.Rules != "" && len(w.Rules) > 0 && w.Rules[e.Rules] == nil {
			k.escalation(i, "the worker has no rule set %q (worker.rules); it has %s", e.Rules, strings.Join(sortedKeys(w.Rules), ", "))
		}
		to, _, _ := strings.Cut(e.To, "@")
		for _, name := range []string{to, e.Worker} {
			if name != "" {
				if err := names.Check(name); err != nil {
					k.escalation(i, "%v", err)
				}
			}
		}
	}
	if path, last := names.Circle(sortedKeys(w.Rules), k.escalatesTo); path != nil {
		k.escalation(last, "texts would be sent on in a circle: %s; say with rules: which rule set it is for, or ask another one", strings.Join(path, " to "))
	}
}

func (k *checker) escalation(i int, format string, args ...any) {
	origin := k.config.origin("worker.escalate")
	if file := strings.LastIndexByte(origin, ':'); file > 0 && k.config.Worker.Escalate[i].line > 0 {
		origin = origin[:file+1] + strconv.Itoa(k.config.Worker.Escalate[i].line)
	}
	k.problems.Add(origin, 0, fmt.Sprintf("worker.escalate.%d: ", i+1)+format, args...)
}

// escalatesTo returns the worker's own rule sets that texts of set are sent on to. Escalations of
// other workers are not known here.
func (k *checker) escalatesTo(set string) (steps []names.Step) {
	w := &k.config.Worker
	for i, e := range w.Escalate {
		to, _, _ := strings.Cut(e.To, "@")
		if to == "" {
			to = "default"
		}
		isOurs := w.Rules[to] != nil && (e.Worker == "" || e.Worker == w.Name)
		if isOurs && (e.Rules == "" || e.Rules == set) {
			steps = append(steps, names.Step{To: to, Entry: i})
		}
	}
	return steps
}

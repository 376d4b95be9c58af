// worker.escalate: reading, writing, checking.

package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// severities are those of rules, see RULES.md of edge/rules.
var severities = []string{"info", "low", "medium", "high", "critical"}

const escalationForm = "as in {rules: default, when: {severity: [high]}, to: heavy}"

// escalations reads a list of them.
func (r *fileReader) escalations(path string, n *yaml.Node) []Escalation {
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list of items %s", path, escalationForm)
		return nil
	}
	var list []Escalation
	for i, item := range n.Content {
		list = append(list, r.escalation(path+"."+strconv.Itoa(i+1), item))
	}
	return list
}

func (r *fileReader) escalation(path string, n *yaml.Node) Escalation {
	e := Escalation{line: n.Line}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must hold rules, when and to, %s", path, escalationForm)
		return e
	}
	before := len(r.problems)
	r.fields(n, func(name, value *yaml.Node) {
		at := path + "." + name.Value
		switch name.Value {
		case "rules":
			r.scalar(at, value, &e.Rules)
		case "when":
			r.when(at, value, &e)
		case "to":
			if value.Kind == yaml.MappingNode {
				r.record(at, value, map[string]any{"worker": &e.Worker, "rules": &e.To})
			} else {
				r.scalar(at, value, &e.To)
			}
		default:
			r.problem(name.Line, "unknown key %s; there are rules, to and when", at)
		}
	})
	if e.To == "" && e.Worker == "" && len(r.problems) == before {
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
		before := len(r.problems)
		if *to = r.list(at, value); len(*to) == 0 && len(r.problems) == before {
			r.problem(value.Line, "%s: needs at least one", at)
		}
		for _, s := range *to {
			if name.Value == "severity" && !slices.Contains(severities, s) {
				r.problem(value.Line, "%s: severity %q is not one of %s", at, s, strings.Join(severities, ", "))
			}
		}
	})
}

// node writes e as escalation reads it.
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

// escalations finds names that are none, rule sets that the worker does not have, and
// texts that would go in a circle.
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
				if err := checkName(name); err != nil {
					k.escalation(i, "%v", err)
				}
			}
		}
	}
	for _, name := range sortedKeys(w.Rules) {
		if way, last := k.circle(name, nil); way != nil {
			k.escalation(last, "texts would be sent on in a circle: %s; say with rules: which rule set it is for, or ask another one", strings.Join(way, " to "))
			return
		}
	}
}

func (k *checker) escalation(i int, format string, args ...any) {
	origin := k.config.Origin("worker.escalate")
	if file := strings.LastIndexByte(origin, ':'); file > 0 && k.config.Worker.Escalate[i].line > 0 {
		origin = origin[:file+1] + strconv.Itoa(k.config.Worker.Escalate[i].line)
	}
	k.problems = append(k.problems, Problem{origin, fmt.Sprintf("worker.escalate.%d: ", i+1) + fmt.Sprintf(format, args...)})
}

// circle follows texts from one of the worker's rule sets; if that comes to one twice,
// it returns the way, and which entry was the last.
func (k *checker) circle(name string, way []string) (circle []string, last int) {
	w := &k.config.Worker
	way = append(slices.Clip(way), name)
	for i, e := range w.Escalate {
		to, _, _ := strings.Cut(e.To, "@")
		if to == "" {
			to = "default"
		}
		if e.Rules != "" && e.Rules != name || w.Rules[to] == nil || e.Worker != "" && e.Worker != w.Name {
			continue // of another set, or sent elsewhere
		}
		if slices.Contains(way, to) {
			return append(way, to), i
		}
		if circle, last = k.circle(to, way); circle != nil {
			return circle, last
		}
	}
	return nil, 0
}

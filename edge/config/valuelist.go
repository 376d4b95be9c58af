package config

// Settings that are lists and maps: texts, rule sets with their files, endpoints of plain workers,
// and policies for rule sets.

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/names"
)

// listValue is a list of texts.
type listValue struct{ dst *[]string }

func (listValue) kind() string       { return "list" }
func (v listValue) clear()           { *v.dst = nil }
func (v listValue) node() *yaml.Node { return listNode(*v.dst) }

func (v listValue) set(s string) error {
	*v.dst = append(*v.dst, splitList(s)...)
	return nil
}

func (v listValue) read(r *fileReader, path string, n *yaml.Node) { *v.dst = r.list(path, n) }

// list reads a sequence of texts, or a single text separated by commas.
func (r *fileReader) list(path string, n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		return splitList(n.Value)
	}
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list, as in [a, b]", path)
		return nil
	}
	var list []string
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || isNull(item) || item.Value == "" {
			r.problem(item.Line, "%s: every item of the list must be a text", path)
			continue
		}
		list = append(list, item.Value)
	}
	return list
}

// ruleFiles is the type of Worker.Rules: the files of each rule set, by the name of the set.
type ruleFiles = map[string][]string

type ruleFilesValue struct{ dst *ruleFiles }

func (ruleFilesValue) kind() string         { return "names and files" }
func (v ruleFilesValue) clear()             { *v.dst = nil }
func (v ruleFilesValue) set(s string) error { return addRuleFiles(v.dst, s) }

func (v ruleFilesValue) node() *yaml.Node {
	n := mapNode()
	for _, name := range sortedKeys(*v.dst) {
		n.Content = append(n.Content, stringNode(name), listNode((*v.dst)[name]))
	}
	return n
}

func (v ruleFilesValue) read(r *fileReader, path string, n *yaml.Node) {
	files := ruleFiles{}
	*v.dst = files
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		if err := addRuleFiles(v.dst, n.Value); err != nil {
			r.problem(n.Line, "%s: %v", path, err)
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be names with their files, as in {default: [words.txt]}", path)
		*v.dst = nil
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		list := r.list(path+"."+name.Value, value)
		if len(list) > 0 {
			files[name.Value] = list
		} else if value.Kind != yaml.SequenceNode || len(value.Content) == 0 {
			r.problem(value.Line, "%s.%s: has no file", path, name.Value)
		}
	})
}

// addRuleFiles reads "NAME=FILE,FILE,NAME=FILE". A file without a name belongs to the name before
// it in s, at the beginning to "default". Text before '=' is a name only if it is a valid one:
// "./a=b.txt" is a file.
func addRuleFiles(dst *ruleFiles, s string) error {
	if *dst == nil {
		*dst = ruleFiles{}
	}
	name := "default"
	for _, item := range splitList(s) {
		if before, after, ok := strings.Cut(item, "="); ok && names.Check(before) == nil {
			name, item = before, after
		}
		if item == "" {
			return fmt.Errorf("rule set %q has no file; write %s=FILE", name, name)
		}
		(*dst)[name] = append((*dst)[name], item)
	}
	return nil
}

// trustValue is trust files by the name of the rule set.
type trustValue struct{ dst *map[string]string }

func (trustValue) kind() string { return "names and trust files" }
func (v trustValue) clear()     { *v.dst = nil }

func (v trustValue) set(s string) error {
	for _, item := range splitList(s) {
		name, file, ok := strings.Cut(item, "=")
		if !ok || name == "" || file == "" {
			return fmt.Errorf("%q does not name a rule set and its trust file; write NAME=FILE", item)
		}
		if *v.dst == nil {
			*v.dst = make(map[string]string)
		}
		(*v.dst)[name] = file
	}
	return nil
}

func (v trustValue) node() *yaml.Node {
	n := mapNode()
	for _, name := range sortedKeys(*v.dst) {
		n.Content = append(n.Content, stringNode(name), stringNode((*v.dst)[name]))
	}
	return n
}

func (v trustValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = nil
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be names with their trust files, as in {pii: rules.pub}", path)
		return
	}
	r.fields(n, func(name, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode || isNull(value) || value.Value == "" {
			r.problem(value.Line, "%s.%s: must be a trust file, or none", path, name.Value)
			return
		}
		if *v.dst == nil {
			*v.dst = make(map[string]string)
		}
		(*v.dst)[name.Value] = value.Value
	})
}

// plainValue is a list of endpoints for plain workers.
type plainValue struct {
	fileOnly
	dst *[]Plain
}

func (plainValue) kind() string { return "list of endpoints with rules" }

func (v plainValue) node() *yaml.Node {
	n := sequenceNode()
	for _, p := range *v.dst {
		n.Content = append(n.Content, mapNode(
			stringNode("endpoint"), stringNode(p.Endpoint), stringNode("rules"), stringNode(p.Rules)))
	}
	return n
}

func (v plainValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = nil
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: must be a list, as in [{endpoint: tcp://127.0.0.1:5557, rules: NAME}]", path)
		return
	}
	for _, item := range n.Content {
		var p Plain
		r.record(path, item, map[string]any{"endpoint": &p.Endpoint, "rules": &p.Rules})
		if p.Endpoint == "" || p.Rules == "" {
			r.problem(item.Line, "%s: each item needs an endpoint and rules, as in {endpoint: tcp://127.0.0.1:5557, rules: NAME}", path)
		}
		*v.dst = append(*v.dst, p)
	}
}

// ruleSetsValue is how requests for rule sets are treated, by the name of the rule set.
type ruleSetsValue struct {
	fileOnly
	dst *map[string]RulePolicy
}

func (ruleSetsValue) kind() string { return "names and settings" }

func (v ruleSetsValue) node() *yaml.Node {
	n := mapNode()
	for _, name := range sortedKeys(*v.dst) {
		r := (*v.dst)[name]
		fields := mapNode(stringNode("idempotent"), plainNode(strconv.FormatBool(r.Idempotent)))
		if r.Queue != 0 {
			fields.Content = append(fields.Content, stringNode("queue"), plainNode(strconv.Itoa(r.Queue)))
		}
		if r.Hedge != "" {
			fields.Content = append(fields.Content, stringNode("hedge"), stringNode(r.Hedge))
		}
		n.Content = append(n.Content, stringNode(name), fields)
	}
	return n
}

func (v ruleSetsValue) read(r *fileReader, path string, n *yaml.Node) {
	*v.dst = nil
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s: must be names with their settings, as in {pii: {queue: 100}}", path)
		return
	}
	sets := map[string]RulePolicy{}
	r.fields(n, func(name, value *yaml.Node) {
		set := RulePolicy{Idempotent: true}
		r.record(path+"."+name.Value, value, map[string]any{"idempotent": &set.Idempotent, "queue": &set.Queue, "hedge": &set.Hedge})
		sets[name.Value] = set
	})
	*v.dst = sets
}

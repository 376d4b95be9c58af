// The types of values: how each is read from text (flags, environment), read
// from YAML, named and shown.
//
// A destination is a pointer to string, bool, int, Size,
// time.Duration, []string, ruleFiles, []Plain, []Escalation, []WatchSource, []WatchSink or
// map[string]RuleSet.

package config

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ruleFiles is the type of Worker.Rules.
type ruleFiles = map[string][]string

func typeName(dst any) string {
	switch dst.(type) {
	case *string:
		return "text"
	case *bool:
		return "true or false"
	case *int:
		return "number"
	case *Size:
		return "size"
	case *time.Duration:
		return "time"
	case *[]string:
		return "list"
	case *ruleFiles:
		return "names and files"
	case *[]Plain:
		return "list of endpoints with rules"
	case *map[string]RuleSet:
		return "names and settings"
	case *[]Escalation:
		return "list of escalations"
	case *[]WatchSource:
		return "list of sources"
	case *[]WatchSink:
		return "list of sinks"
	}
	panic(fmt.Sprintf("config: no type %T", dst))
}

// setText reads s into dst. Lists and maps are added to.
func setText(dst any, s string) error {
	var err error
	switch v := dst.(type) {
	case *string:
		*v = s
	case *bool:
		*v, err = parseBool(s)
	case *int:
		*v, err = parseInt(s)
	case *Size:
		*v, err = ParseSize(s)
	case *time.Duration:
		*v, err = parseDuration(s)
	case *[]string:
		*v = append(*v, splitList(s)...)
	case *ruleFiles:
		err = addRuleFiles(v, s)
	default:
		err = errors.New("can be given in the configuration file only")
	}
	return err
}

// clearList empties dst if setText would add to it.
func clearList(dst any) {
	switch v := dst.(type) {
	case *[]string:
		*v = nil
	case *ruleFiles:
		*v = nil
	}
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

func parseInt(s string) (int, error) {
	n, err := strconv.Atoi(s)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large", s)
	case err != nil:
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return n, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time; write a number and its unit, like 500ms, 10s or 2m", s)
	}
	return d, nil
}

// splitList splits at commas and drops empty items.
func splitList(s string) []string {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// addRuleFiles reads "NAME=FILE,FILE,NAME=FILE". A file without a name goes
// with the name before it in s, at the beginning with "default". What stands
// before '=' is a name only if it can be one: "./a=b.txt" is a file.
func addRuleFiles(dst *ruleFiles, s string) error {
	if *dst == nil {
		*dst = ruleFiles{}
	}
	name := "default"
	for _, item := range splitList(s) {
		if before, after, ok := strings.Cut(item, "="); ok && checkName(before) == nil {
			name, item = before, after
		}
		if item == "" {
			return fmt.Errorf("rule set %q has no file; write %s=FILE", name, name)
		}
		(*dst)[name] = append((*dst)[name], item)
	}
	return nil
}

// text writes a scalar as setText reads it.
func text(dst any) string {
	switch v := dst.(type) {
	case *string:
		return *v
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case *Size:
		return v.String()
	case *time.Duration:
		return v.String()
	}
	panic(fmt.Sprintf("config: %T is no scalar", dst))
}

// node writes the value at dst as YAML that setNode reads.
func node(dst any) *yaml.Node {
	switch v := dst.(type) {
	case *string:
		return stringNode(text(v))
	case *[]string:
		return listNode(*v)
	case *ruleFiles:
		n := mapNode()
		for _, name := range sortedKeys(*v) {
			n.Content = append(n.Content, stringNode(name), listNode((*v)[name]))
		}
		return n
	case *[]Plain:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, p := range *v {
			n.Content = append(n.Content, mapNode(
				stringNode("endpoint"), stringNode(p.Endpoint), stringNode("rules"), stringNode(p.Rules)))
		}
		return n
	case *[]Escalation:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range *v {
			n.Content = append(n.Content, (*v)[i].node())
		}
		return n
	case *[]WatchSource:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range *v {
			n.Content = append(n.Content, inFlow((*v)[i].node))
		}
		return n
	case *[]WatchSink:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range *v {
			n.Content = append(n.Content, inFlow((*v)[i].node))
		}
		return n
	case *map[string]RuleSet:
		n := mapNode()
		for _, name := range sortedKeys(*v) {
			r := (*v)[name]
			fields := mapNode(stringNode("pure"), plainNode(strconv.FormatBool(r.Pure)))
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
	return plainNode(text(dst))
}

func plainNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// stringNode lets the encoder decide about quotes.
func stringNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// inFlow copies what was read for a place on one line: without comments, and with null
// where there was nothing.
func inFlow(n *yaml.Node) *yaml.Node {
	if isNull(n) {
		return plainNode("null")
	}
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value}
	if n.Kind != yaml.ScalarNode {
		c.Style = yaml.FlowStyle
	}
	for _, item := range n.Content {
		c.Content = append(c.Content, inFlow(item))
	}
	return c
}

func listNode(list []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range list {
		n.Content = append(n.Content, stringNode(s))
	}
	return n
}

func mapNode(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: content}
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

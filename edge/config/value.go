package config

// The types of settings: how a value is read from text (flags, environment) and from YAML, and how
// it is shown. valueOf is the only place with a list of all types.

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// value is a setting of one type, with the place where it is stored.
type value interface {
	kind() string // for people
	// set reads s, a value as on a command line. Lists and maps are added to.
	set(s string) error
	// clear empties a list or map that set would add to.
	clear()
	// read reads n, the value of the key path in a file. r collects problems.
	read(r *fileReader, path string, n *yaml.Node)
	// node writes the value as YAML for read.
	node() *yaml.Node
}

// number is a value with a range.
type number interface{ amount() int64 }

// valueOf returns the value kept at dst, a pointer to a field of Config.
func valueOf(dst any) value {
	switch v := dst.(type) {
	case *string:
		return scalar[string]{dst: v, name: "text", parse: parseString, format: formatString, write: stringNode}
	case *bool:
		return scalar[bool]{dst: v, name: "true or false", parse: parseBool, format: strconv.FormatBool, write: plainNode}
	case *int:
		return scalar[int]{dst: v, name: "number", parse: parseInt, format: strconv.Itoa, write: plainNode, count: toInt64[int]}
	case *Size:
		return scalar[Size]{dst: v, name: "size", parse: ParseSize, format: Size.String, write: plainNode, count: toInt64[Size]}
	case *time.Duration:
		return scalar[time.Duration]{dst: v, name: "time", parse: parseDuration, format: time.Duration.String, write: plainNode, count: toInt64[time.Duration]}
	case *[]string:
		return listValue{v}
	case *ruleFiles:
		return ruleFilesValue{v}
	case *[]Plain:
		return plainValue{dst: v}
	case *map[string]RulePolicy:
		return ruleSetsValue{dst: v}
	case *[]Escalation:
		return escalationsValue{dst: v}
	case *[]WatchSource:
		return watchSourcesValue{dst: v}
	case *[]WatchSink:
		return watchSinksValue{dst: v}
	}
	panic(fmt.Sprintf("config: no type %T", dst))
}

// scalar is a single value.
type scalar[T any] struct {
	dst    *T
	name   string
	parse  func(string) (T, error)
	format func(T) string
	write  func(string) *yaml.Node
	count  func(T) int64 // nil: the type has no range
}

func (s scalar[T]) kind() string     { return s.name }
func (s scalar[T]) clear()           {}
func (s scalar[T]) String() string   { return s.format(*s.dst) }
func (s scalar[T]) node() *yaml.Node { return s.write(s.String()) }

func (s scalar[T]) set(text string) (err error) {
	*s.dst, err = s.parse(text)
	return err
}

func (s scalar[T]) read(r *fileReader, path string, n *yaml.Node) {
	switch {
	case isNull(n):
		r.problem(n.Line, "%s: has no value; give it one (%s) or remove the line", path, s.name)
	case n.Kind != yaml.ScalarNode:
		r.problem(n.Line, "%s: must be a single value (%s)", path, s.name)
	default:
		if err := s.set(n.Value); err != nil {
			r.problem(n.Line, "%s: %v", path, err)
		}
	}
}

func (s scalar[T]) amount() int64 { return s.count(*s.dst) }

func toInt64[T int | Size | time.Duration](n T) int64 { return int64(n) }

// fileOnly is embedded in values without a form on the command line.
type fileOnly struct{}

func (fileOnly) set(string) error { return errors.New("can be given in the configuration file only") }
func (fileOnly) clear()           {}

func parseString(s string) (string, error) { return s, nil }
func formatString(s string) string         { return s }

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

func plainNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// stringNode lets the encoder decide about quotes.
func stringNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func sequenceNode() *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle} }

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
	n := sequenceNode()
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

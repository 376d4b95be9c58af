package job

// Rule files, written as a person would write them.

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"trawl/edge/human"
	"trawl/edge/rules"
)

// YAML returns the rules as a rule file, always the same bytes for the same sources. The error is a
// file larger than rules.MaxFile, or no rules.
func (r *Result) YAML() ([]byte, error) {
	if len(r.Rules) == 0 {
		return nil, fmt.Errorf("nothing to write: %s found, none could be taken", human.Count(r.Summary.Found, "rule"))
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range r.Rules {
		list.Content = append(list.Content, ruleNode(&r.Rules[i]))
	}
	root := mapping()
	put(root, "rules", list)
	root.HeadComment = r.comment()
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if b.Len() > rules.MaxFile {
		return nil, fmt.Errorf("the rules take %d bytes, more than the %d MiB that a rule file may have; import fewer files at a time", b.Len(), rules.MaxFile>>20)
	}
	return b.Bytes(), nil
}

// comment says where the file comes from.
func (r *Result) comment() string {
	const most = 5 // sources named
	s := r.Summary
	from := make([]string, 0, most)
	for _, path := range r.sources[:min(len(r.sources), most)] {
		from = append(from, printable(path))
	}
	if n := len(r.sources) - most; n > 0 {
		from = append(from, fmt.Sprintf("and %d more", n))
	}
	return fmt.Sprintf("# Imported with: trawl rules import --from %s %s\n# %s: %s taken, %s in part, %s skipped. Import again rather than edit.",
		s.Kind, strings.Join(from, " "), human.Count(s.Found, "rule"), human.Number(s.Taken), human.Number(s.InPart), human.Number(s.Skipped))
}

// printable is a path for a comment.
func printable(path string) string {
	if q := strconv.Quote(path); q[1:len(q)-1] != path || strings.ContainsAny(path, " \t") {
		return strings.ToValidUTF8(q, "?")
	}
	return path
}

func ruleNode(r *Rule) *yaml.Node {
	n := mapping()
	put(n, "id", text(r.ID))
	switch {
	case r.Regex != "":
		put(n, "regex", quoted(r.Regex))
	case len(r.Literals) > 1:
		put(n, "words", words(r.Literals))
	case utf8.Valid(r.Literals[0]) && !binary(r.Literals[0]):
		put(n, "literal", quoted(string(r.Literals[0])))
	default:
		put(n, "hex", quoted(HexOf(r.Literals[0])))
	}
	if r.NoCase {
		put(n, "nocase", yes())
	}
	if r.Whole {
		put(n, "whole", yes())
	}
	if len(r.Tags) > 0 {
		put(n, "tags", texts(r.Tags))
	}
	if r.Severity != "" {
		put(n, "severity", text(r.Severity))
	}
	if r.Message != "" {
		put(n, "message", text(r.Message))
	}
	put(n, "data", dataNode(r.Data))
	return n
}

func dataNode(data []Field) *yaml.Node {
	n := mapping()
	n.Style = yaml.FlowStyle
	for _, f := range data {
		switch {
		case f.Int != 0:
			put(n, f.Key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(f.Int)})
		case f.List != nil:
			put(n, f.Key, texts(f.List))
		default:
			put(n, f.Key, text(f.Text))
		}
	}
	return n
}

// binary reports whether a literal is easier to read as bytes.
func binary(l []byte) bool {
	for _, r := range string(l) {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return true
		}
	}
	return false
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func put(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

// text returns a string with quotes only if YAML would otherwise read something else.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(strings.ToValidUTF8(s, "\uFFFD"))
	if n.Style&yaml.LiteralStyle != 0 {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// quoted returns a string in single quotes, or in double quotes if escapes are necessary.
func quoted(s string) *yaml.Node {
	n := text(s)
	n.Style = yaml.SingleQuotedStyle
	if strings.ContainsAny(s, "\n\r\t\u0085\u2028\u2029\ufeff") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func texts(list []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range list {
		n.Content = append(n.Content, text(s))
	}
	return n
}

// words returns a list, with a line for each word if there are many.
func words(list [][]byte) *yaml.Node {
	const onOneLine = 8
	n := &yaml.Node{Kind: yaml.SequenceNode}
	if len(list) <= onOneLine {
		n.Style = yaml.FlowStyle
	}
	for _, l := range list {
		w := text(string(l))
		if w.Style == 0 && strings.ContainsAny(string(l), "\n\r\t\u0085\u2028\u2029\ufeff") {
			w.Style = yaml.DoubleQuotedStyle
		}
		n.Content = append(n.Content, w)
	}
	return n
}

func yes() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"} }

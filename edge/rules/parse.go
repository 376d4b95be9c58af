package rules

// Reading the rules of a rule file.

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"trawl/edge/names"
	"trawl/edge/problem"
)

// parser reads a rule file and collects problems.
type parser struct {
	path     string
	problems *problem.Collector
	budget   int // what may still be read, with aliases resolved; see cost
}

func parse(path string, data []byte, ps *problem.Collector) *File {
	p := &parser{path: path, problems: ps}
	f := &File{Path: path, BOM: bytes.HasPrefix(data, bom)}
	root := p.document(data)
	if root == nil {
		return f
	}
	if root.Kind != yaml.MappingNode {
		p.problem(root, "a rule file holds `rules:` and a list; a list of plain words goes into a word list (.txt)")
		return f
	}
	var list *yaml.Node
	p.fields(root, func(key string, name, value *yaml.Node) {
		switch key {
		case "name":
			f.Name = p.name(value)
		case "rules":
			list = value
		default:
			p.problem(name, "unknown key %q; a rule file has name and rules%s", key, ofSettings(key))
		}
	})
	switch {
	case list == nil:
		p.problem(root, "no `rules:` in it; write them as a list below that key")
	case isNull(list) || (list.Kind == yaml.SequenceNode && len(list.Content) == 0):
		p.problem(list, "no rules in it; `rules:` is empty")
	case list.Kind != yaml.SequenceNode:
		p.problem(list, "`rules:` must be a list; begin each rule with `- `")
	default:
		f.Rules = p.rules(list)
	}
	return f
}

func (p *parser) rules(list *yaml.Node) []Rule {
	rules := make([]Rule, 0, len(list.Content))
	for _, n := range list.Content {
		if p.exhausted() {
			break
		}
		if r, ok := p.rule(p.follow(n)); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

// rule reads a rule; false after a problem.
func (p *parser) rule(n *yaml.Node) (Rule, bool) {
	r := Rule{Line: n.Line}
	if n.Kind != yaml.MappingNode {
		p.problem(n, "a rule must have keys, such as `- literal: 'text'`")
		return r, false
	}
	before := p.problems.Count()
	var patterns []string
	p.fields(n, func(key string, name, value *yaml.Node) {
		switch key {
		case "regex", "words", "literal", "hex":
			patterns = append(patterns, key)
			r.PatternLine = value.Line
		}
		p.field(&r, key, name, value)
	})
	if len(patterns) > 1 {
		p.problem(n, "rule has %s; make a rule of each", strings.Join(patterns, " and "))
	}
	if p.problems.Count() > before {
		return r, false // a missing key may be a misspelt one
	}
	switch {
	case len(patterns) == 0:
		p.problem(n, "rule has nothing to look for; give it regex, words, literal or hex")
	case r.ID == "" && (patterns[0] == "regex" || patterns[0] == "words"):
		p.problem(n, "rule with %s has no id; give it one", patterns[0])
	}
	return r, p.problems.Count() == before
}

func (p *parser) field(r *Rule, key string, name, value *yaml.Node) {
	switch key {
	case "id":
		r.ID = p.id(value)
	case "regex":
		r.Regex = p.pattern(key, value)
	case "words":
		r.Literals = p.words(value)
	case "literal":
		r.Literals = [][]byte{[]byte(p.pattern(key, value))}
	case "hex":
		r.Literals = [][]byte{p.hex(value)}
	case "nocase":
		r.NoCase = p.bool(key, value)
	case "whole":
		r.Whole = p.bool(key, value)
	case "tags":
		r.Tags = p.texts(key, value)
	case "severity":
		r.Severity = p.text(key, value)
		if r.Severity != "" && !slices.Contains(names.Severities(), r.Severity) {
			p.problem(value, "severity %q is not one of %s", r.Severity, strings.Join(names.Severities(), ", "))
		}
	case "message":
		r.Message = p.text(key, value)
	case "data":
		r.Data = p.data(value)
	case "examples":
		r.Examples = p.examples(value)
	default:
		p.problem(name, "unknown key %q; a rule has id, regex, words, literal, hex, nocase, whole, tags, severity, message, data and examples", key)
	}
}

// maxName bounds ids, in bytes: every line of output repeats them.
const maxName = 1024

func (p *parser) id(n *yaml.Node) string {
	s := p.text("id", n)
	switch {
	case len(s) > maxName:
		p.problem(n, "id is longer than %d bytes", maxName)
	case strings.ContainsFunc(s, unicode.IsControl):
		p.problem(n, "id %q holds a control character", s)
	}
	return s
}

// name reads the name of the rule set, which is part of NAME=FILE and NAME@HASH.
func (p *parser) name(n *yaml.Node) string {
	s := p.text("name", n)
	if s == "" {
		return s // a problem already, or a rule set without a name
	}
	if err := names.Check(s); err != nil {
		p.problem(n, "name: %v", err)
	}
	return s
}

// scalar returns a single value literally; 007 and yes are texts too.
func (p *parser) scalar(key string, n *yaml.Node) (string, bool) {
	switch {
	case isNull(n) && n.Value != "":
		p.problem(n, "%s: %s means nothing in YAML; put it into quotes if it is a text", key, n.Value)
	case isNull(n):
		p.problem(n, "%s: has no value", key)
	case n.Kind != yaml.ScalarNode:
		p.problem(n, "%s: must be a single text", key)
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!merge"}, n.ShortTag()):
		p.problem(n, "%s: a value of type %s does not belong here", key, n.Tag)
	default:
		return n.Value, true
	}
	return "", false
}

// text reads a text and refuses an empty one.
func (p *parser) text(key string, n *yaml.Node) string {
	s, ok := p.scalar(key, n)
	if ok && s == "" {
		p.problem(n, "%s: is empty", key)
	}
	return s
}

// pattern reads a literal or regex.
func (p *parser) pattern(key string, n *yaml.Node) string {
	s, ok := p.scalar(key, n)
	if !ok {
		return s
	}
	if s == "" {
		p.problem(n, "%s: empty pattern", key)
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && strings.HasSuffix(s, "\n") {
		p.problem(n, "%s: ends in a line break, which no line contains; write |- or >- instead of | or >", key)
	}
	return s
}

func (p *parser) words(n *yaml.Node) [][]byte {
	if n.Kind != yaml.SequenceNode {
		p.problem(n, "words: must be a list, as in [bluefin, tarpon]")
		return nil
	}
	if len(n.Content) == 0 {
		p.problem(n, "words: empty list")
	}
	literals := make([][]byte, 0, len(n.Content))
	for _, item := range n.Content {
		if p.exhausted() {
			break
		}
		literals = append(literals, []byte(p.pattern("words", p.follow(item))))
	}
	return literals
}

func (p *parser) hex(n *yaml.Node) []byte {
	s, ok := p.scalar("hex", n)
	if !ok {
		return nil
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	switch {
	case err != nil:
		p.problem(n, "hex: %q must be pairs of hexadecimal digits, as in 'ff d8 ff e0'", s)
	case len(data) == 0:
		p.problem(n, "hex: empty pattern")
	}
	return data
}

func (p *parser) bool(key string, n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || (n.Value != "true" && n.Value != "false") {
		p.problem(n, "%s: must be true or false", key)
		return false
	}
	return n.Value == "true"
}

// texts reads a list of texts that are not empty.
func (p *parser) texts(key string, n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		p.problem(n, "%s: must be a list, as in [a, b]", key)
		return nil
	}
	list := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		if p.exhausted() {
			break
		}
		list = append(list, p.text(key, p.follow(item)))
	}
	return list
}

func (p *parser) examples(n *yaml.Node) Examples {
	var e Examples
	if n.Kind != yaml.MappingNode {
		p.problem(n, "examples: must have match and miss, as in {match: ['a'], miss: ['b']}")
		return e
	}
	p.fields(n, func(key string, name, value *yaml.Node) {
		switch key {
		case "match":
			e.Match = p.texts("examples.match", value)
		case "miss":
			e.Miss = p.texts("examples.miss", value)
		default:
			p.problem(name, "unknown key %q; examples have match and miss", key)
		}
	})
	return e
}

// literalID returns the id of a rule without one, as package match makes it (match.Rule.ID).
func literalID(literal []byte) string {
	if utf8.Valid(literal) {
		return string(literal)
	}
	return "hex:" + hex.EncodeToString(literal)
}

// ofSettings returns where an unknown key of a rule file belongs: to a configuration, or to a rule
// of another program.
func ofSettings(key string) string {
	switch key {
	case "broker", "worker", "client", "security", "limits", "http", "log":
		return " (this looks like trawl's configuration, which is for --config and config check)"
	case "detection":
		return " (this looks like a Sigma rule: trawl rules import --from sigma)"
	}
	return ""
}

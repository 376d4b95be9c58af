package rules

// YAML: a single document, its mappings, bounded aliases, and errors with the right line.

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"trawl/edge/yamlerr"
)

// maxAliased bounds the size of resolved aliases, in bytes of cost: aliases within aliases
// multiply.
const maxAliased = 8 << 20

func (p *parser) problem(n *yaml.Node, format string, args ...any) {
	p.problems.Add(p.path, n.Line, format, args...)
}

// document returns the value of the only YAML document in data, or nil.
func (p *parser) document(data []byte) *yaml.Node {
	if line, what := badText(data); what != "" {
		p.problems.Add(p.path, line, "%s", what)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		p.problems.Add(p.path, 0, "no rules in it; the file is empty")
		return nil
	case err != nil:
		line, message := yamlerr.Explain(err, data)
		p.problems.Add(p.path, line, "not valid YAML: %s", message)
		return nil
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		p.problem(&more, "a second YAML document (after ---); put its rules into a file of their own")
		return nil
	case !errors.Is(err, io.EOF):
		line, message := yamlerr.Explain(err, data)
		p.problems.Add(p.path, line, "not valid YAML: %s", message)
		return nil
	}
	p.budget = treeCost(&doc) + maxAliased
	return doc.Content[0]
}

// badText finds bytes outside of UTF-8 and control characters, which YAML forbids and the library
// reports without a line.
func badText(data []byte) (line int, what string) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return 1, "is UTF-16; save the file as UTF-8"
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return 1 + bytes.Count(data[:i], []byte{'\n'}), "holds a byte 0, so this is no rule file"
	}
	line = 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1:
			return line, "not UTF-8; write bytes as hex: instead"
		case unicode.IsControl(r) && !strings.ContainsRune("\t\r\u0085", r):
			return line, "holds a control character; write it as an escape in double quotes (\"\\x1b\")"
		}
		i += size
	}
	return 0, ""
}

// cost is the cost of reading a node, in bytes.
func cost(n *yaml.Node) int {
	const node = 16
	return node + len(n.Value)
}

// treeCost is the cost of n and everything below, with aliases unresolved.
func treeCost(n *yaml.Node) int {
	sum := cost(n)
	for _, child := range n.Content {
		sum += treeCost(child)
	}
	return sum
}

// follow resolves an alias, and subtracts the cost from the budget.
func (p *parser) follow(n *yaml.Node) *yaml.Node {
	target := n
	if n.Kind == yaml.AliasNode {
		target = n.Alias
	}
	if p.exhausted() {
		return target
	}
	p.budget -= cost(target)
	if p.exhausted() {
		p.problem(n, "aliases (*) of this file repeat more than %d MiB", maxAliased>>20)
	}
	return target
}

// exhausted reports whether reading must end; the problem has been noted.
func (p *parser) exhausted() bool { return p.budget < 0 }

// fields calls each for the fields of a mapping, values with aliases followed.
// Repeated fields are a problem.
func (p *parser) fields(n *yaml.Node, each func(key string, name, value *yaml.Node)) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && !p.exhausted(); i += 2 {
		name, value := p.follow(n.Content[i]), n.Content[i+1]
		if name.Kind != yaml.ScalarNode {
			p.problem(name, "a key must be a plain name")
			continue
		}
		if first := seen[name.Value]; first != 0 {
			p.problem(name, "%q is given twice, first on line %d", name.Value, first)
			continue
		}
		seen[name.Value] = name.Line
		each(name.Value, name, p.follow(value))
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

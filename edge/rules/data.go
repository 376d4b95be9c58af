package rules

// The data of a rule: any YAML, kept as JSON.

import (
	"bytes"
	"encoding/json"
	"math"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/ondemand"
)

const (
	maxData      = 64 << 10 // bytes of JSON; every match carries the data
	maxDataDepth = 32
)

// jsonNumber matches numbers of JSON. They are copied literally, so large numbers lose no digits.
var jsonNumber = ondemand.Regexp{Expr: `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`}

// data converts n to JSON in a canonical form: no spaces, keys sorted, times and binary values as
// texts.
func (p *parser) data(n *yaml.Node) []byte {
	w := jsonWriter{parser: p}
	if !w.value(n, 0) {
		return nil
	}
	return w.out.Bytes()
}

type jsonWriter struct {
	parser *parser
	out    bytes.Buffer
}

// fail reports a problem and returns false, for the caller to return.
func (w *jsonWriter) fail(n *yaml.Node, format string, args ...any) bool {
	w.parser.problem(n, "data: "+format, args...)
	return false
}

// value writes n, with aliases resolved. If n has no form in JSON, value notes a problem and
// returns false.
func (w *jsonWriter) value(n *yaml.Node, depth int) bool {
	switch {
	case w.parser.exhausted():
		return false
	case depth > maxDataDepth:
		return w.fail(n, "more than %d levels deep", maxDataDepth)
	case w.out.Len()+len(n.Value) > maxData:
		return w.fail(n, "more than %d KiB", maxData>>10)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return w.scalar(n)
	case yaml.SequenceNode:
		return w.list(n, depth)
	case yaml.MappingNode:
		return w.object(n, depth)
	}
	return w.fail(n, "cannot be written as JSON")
}

func (w *jsonWriter) list(n *yaml.Node, depth int) bool {
	w.out.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if !w.value(w.parser.follow(item), depth+1) {
			return false
		}
	}
	w.out.WriteByte(']')
	return true
}

func (w *jsonWriter) object(n *yaml.Node, depth int) bool {
	type field struct {
		key   string
		value *yaml.Node
	}
	fields := make([]field, 0, len(n.Content)/2)
	before := w.parser.problems.Count()
	w.parser.fields(n, func(key string, name, value *yaml.Node) {
		if name.ShortTag() == "!!merge" {
			w.fail(name, "merge keys (<<) are not supported")
		}
		fields = append(fields, field{key, value})
	})
	if w.parser.problems.Count() > before {
		return false
	}
	sort.Slice(fields, func(a, b int) bool { return fields[a].key < fields[b].key })
	w.out.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.text(f.key)
		w.out.WriteByte(':')
		if !w.value(f.value, depth+1) {
			return false
		}
	}
	w.out.WriteByte('}')
	return true
}

func (w *jsonWriter) scalar(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return w.fail(n, "%q is neither true nor false", n.Value)
		}
		w.json(b)
	case "!!int", "!!float":
		return w.number(n)
	default:
		w.text(n.Value)
	}
	return true
}

func (w *jsonWriter) number(n *yaml.Node) bool {
	if jsonNumber.Get().MatchString(n.Value) {
		w.out.WriteString(n.Value)
		return true
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return w.fail(n, "%q is not a number", n.Value)
	}
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return w.fail(n, "JSON has no number %s", n.Value)
	}
	w.json(v)
	return true
}

func (w *jsonWriter) text(s string) { w.json(strings.ToValidUTF8(s, "\uFFFD")) }

// json writes a bool, number or string.
func (w *jsonWriter) json(v any) {
	enc := json.NewEncoder(&w.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err == nil {
		w.out.Truncate(w.out.Len() - 1) // the encoder's line break
	}
}

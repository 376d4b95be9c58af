// Sigma rules: keywords and the values of fields, as text.

package importer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/rules"
)

const (
	whyField       = "finds more: a field's value is looked for in the whole text"
	whySelection   = "finds more: the condition asks for more than what is looked for"
	whyAggregation = "finds more: counts and time frames (| count() …) are not checked"
	whySigma       = "not a Sigma rule"
	whyCorrelation = "correlation of other rules"
	whyFilter      = "filter, which changes other rules"
	whyCollection  = "part of a collection (action: global, repeat, reset), whose parts make up the rules"
	whyNoCondition = "no condition in the detection"
	whyTooLarge    = "more values, or levels of lists, than are read"

	aboutSelection = "condition that names a selection which is not there"
	aboutUnread    = "condition that cannot be read"
)

// sigmaRule is what is used of a rule.
type sigmaRule struct {
	Title       string    `yaml:"title"`
	ID          string    `yaml:"id"`
	Action      string    `yaml:"action"`
	Level       string    `yaml:"level"`
	Tags        []string  `yaml:"tags"`
	Correlation yaml.Node `yaml:"correlation"`
	Filter      yaml.Node `yaml:"filter"`
	Logsource   struct {
		Category, Product, Service string
	} `yaml:"logsource"`
	Detection yaml.Node `yaml:"detection"`
}

// readSigma reads a file, which can hold several rules.
func readSigma(j *job, in *input) {
	if len(in.data) > rules.MaxFile {
		j.problem(in.path, 0, "larger than %d MiB, which no Sigma rules are; split it", rules.MaxFile>>20)
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(in.data))
	collection := false // a part of one came before
	for !j.fatal {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			j.problem(in.path, 0, "not valid YAML: %v", err)
			return
		}
		line := doc.Line
		if len(doc.Content) > 0 {
			line = doc.Content[0].Line
		}
		name := idFrom(stem(in.path))
		var r sigmaRule
		// An alias could stand for a million others; Sigma rules have none.
		if err := decodeSigma(&doc, &r); err != nil {
			e := j.begin(in.path, line, "", name)
			e.skip(whySigma, err.Error())
			e.end()
			continue
		}
		e := j.begin(in.path, line, r.ID, name)
		collection = collection && r.Action != "reset" || r.Action == "global"
		sigmaEntry(e, &r, collection)
		e.end()
	}
}

func decodeSigma(doc *yaml.Node, r *sigmaRule) error {
	if hasAlias(doc) {
		return errors.New("it has YAML aliases (*)")
	}
	if err := doc.Decode(r); err != nil {
		return err
	}
	if r.Detection.Kind == 0 && r.Correlation.Kind == 0 && r.Filter.Kind == 0 && r.Action == "" {
		return errors.New("it has no detection")
	}
	return nil
}

func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c) {
			return true
		}
	}
	return false
}

func sigmaEntry(e *entry, r *sigmaRule, collection bool) {
	e.base.Message = oneLine(r.Title)
	switch level := strings.ToLower(r.Level); level {
	case "informational":
		e.base.Severity = "info"
	case "low", "medium", "high", "critical":
		e.base.Severity = level
	}
	for _, t := range r.Tags {
		if t = idFrom(t); t != "" {
			e.base.Tags = append(e.base.Tags, t)
		}
	}
	source := []string{r.Logsource.Product, r.Logsource.Category, r.Logsource.Service}
	e.data("logsource", strings.Join(strings.Fields(strings.Join(source, " ")), "/"))
	switch {
	case r.Correlation.Kind != 0:
		e.skip(whyCorrelation, "")
		return
	case r.Filter.Kind != 0:
		e.skip(whyFilter, "")
		return
	case r.Action != "" || collection:
		e.skip(whyCollection, r.Action)
		return
	case r.Detection.Kind != yaml.MappingNode:
		e.skip(whySigma, "its detection is no map")
		return
	}
	s := sigmaReader{entry: e, selections: map[string]*yaml.Node{}}
	s.detection(&r.Detection)
}

// sigmaReader collects what the selections look for.
type sigmaReader struct {
	*entry
	selections map[string]*yaml.Node
	order      []string
	patterns   []sigmaPattern
	depth      int
	broken     *reason // why the condition cannot be read
}

func (s *sigmaReader) detection(n *yaml.Node) {
	var conditions []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case name == "condition" && value.Kind == yaml.SequenceNode:
			for _, c := range value.Content {
				conditions = append(conditions, c.Value)
			}
		case name == "condition":
			conditions = append(conditions, value.Value)
		case name == "timeframe":
			s.partly(whyAggregation, "timeframe "+value.Value)
		default:
			s.selections[name] = value
			s.order = append(s.order, name)
		}
	}
	if len(conditions) == 0 {
		s.skip(whyNoCondition, "")
		return
	}
	all := &condition{op: condOr}
	for _, c := range conditions {
		all.subs = append(all.subs, s.parse(c))
	}
	if len(all.subs) == 1 {
		all = all.subs[0]
	}
	detail := strings.Join(conditions, "; ")
	if s.broken != nil {
		s.skip(s.broken.text, cmp.Or(s.broken.detail, detail))
		return
	}
	need := all.widen(s.rate)
	switch {
	case len(need.names) == 0 && len(need.lost) > 0:
		s.skip(need.lost[0].text, cmp.Or(need.lost[0].detail, detail))
		return
	case len(need.names) == 0:
		s.skip(aboutUnread, detail)
		return
	case need.more:
		s.partly(whySelection, detail)
	}
	if need.less {
		for _, r := range need.lost {
			s.partly("finds less: the condition can also hold without the texts that are looked for: "+r.text, cmp.Or(r.detail, detail))
		}
	}
	s.write(need.names)
}

// selection is a list of keywords, a list of maps of which one must hold, or a
// map of fields that must all hold.
func (s *sigmaReader) selection(n *yaml.Node) *condition {
	if s.depth++; s.depth > maxLevels || len(s.patterns) > maxSigmaPatterns {
		s.depth--
		return about(whyTooLarge, "")
	}
	defer func() { s.depth-- }()
	switch n.Kind {
	case yaml.ScalarNode:
		return s.values("", []*yaml.Node{n})
	case yaml.SequenceNode:
		var subs []*condition
		var words []*yaml.Node
		for _, item := range n.Content {
			if item.Kind == yaml.ScalarNode {
				words = append(words, item)
				continue
			}
			subs = append(subs, s.selection(item))
		}
		if len(words) > 0 {
			subs = append(subs, s.values("", words))
		}
		if len(subs) == 1 {
			return subs[0]
		}
		return &condition{op: condOr, subs: subs}
	case yaml.MappingNode:
		all := &condition{op: condAnd}
		for i := 0; i+1 < len(n.Content); i += 2 {
			value := n.Content[i+1]
			list := []*yaml.Node{value}
			if value.Kind == yaml.SequenceNode {
				list = value.Content
			}
			all.subs = append(all.subs, s.values(n.Content[i].Value, list))
		}
		if len(all.subs) == 1 {
			return all.subs[0]
		}
		return all
	}
	return about(aboutNested, "")
}

// maxSigmaPatterns bounds what one rule looks for.
const maxSigmaPatterns = 100_000

// values are the values of a field with its modifiers, or keywords if it has no name.
func (s *sigmaReader) values(key string, list []*yaml.Node) *condition {
	parts := strings.Split(key, "|")
	field := parts[0] != ""
	all := false
	any := &condition{op: condAny}
	every := &condition{op: condAnd}
	for _, m := range parts[1:] {
		all = all || m == "all"
	}
	var lost []*condition
	for _, n := range list {
		patterns, why := s.modified(n, parts[1:])
		if why != nil {
			lost = append(lost, &condition{op: condOther, why: why})
			continue
		}
		one := &condition{op: condAny}
		for _, p := range patterns {
			p.field = field
			s.patterns = append(s.patterns, p)
			one.names = append(one.names, fmt.Sprint(len(s.patterns)-1))
		}
		any.names = append(any.names, one.names...)
		every.subs = append(every.subs, one)
	}
	switch {
	case len(list) == 0:
		return about(aboutEmpty, key)
	case all:
		every.subs = append(every.subs, lost...)
		if len(every.subs) == 1 {
			return every.subs[0]
		}
		return every
	case len(lost) > 0:
		return &condition{op: condOr, subs: append([]*condition{any}, lost...)}
	}
	return any
}

package sigma

// Sigma rules: documents, and the selections of a detection.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"trawl/edge/rules"
	"trawl/edge/rules/importer/internal/condition"
	"trawl/edge/rules/importer/internal/job"
	"trawl/edge/rules/importer/internal/re2"
)

const (
	whyField       = "finds more: a field's value is looked for in the whole text"
	whySelection   = "finds more: the condition asks for more than what is looked for"
	whyAggregation = "finds more: counts and time frames (| count() …) are not checked"
	whyNotRule     = "not a Sigma rule"
	whyCorrelation = "correlation of other rules"
	whyFilter      = "filter, which changes other rules"
	whyCollection  = "part of a collection (action: global, repeat, reset), whose parts make up the rules"
	whyNoCondition = "no condition in the detection"
	whyTooLarge    = "more values, or levels of lists, than are read"

	aboutSelection = "condition that names a selection which is not there"
	aboutUnread    = "condition that cannot be read"
)

// rule holds the used parts of a Sigma rule.
type rule struct {
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

var Kind = job.Kind{
	Name: "sigma", What: "Sigma rules (YAML)", Extensions: ".yml .yaml",
	Open: func() job.Reader { return job.Stateless(read) }, WhyNotRule: whyNotRule,
}

// read reads a file with one or several rules.
func read(j *job.Job, in *job.Input) {
	if len(in.Data) > rules.MaxFile {
		j.AddProblem(in.Path, 0, "larger than %d MiB, which no Sigma rules are; split it", rules.MaxFile>>20)
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(in.Data))
	collection := false // an earlier document began a collection
	for !j.Fatal {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			j.AddProblem(in.Path, 0, "not valid YAML: %v", err)
			return
		}
		line := doc.Line
		if len(doc.Content) > 0 {
			line = doc.Content[0].Line
		}
		name := job.IDFrom(job.Stem(in.Path))
		var r rule
		// Aliases are refused: nested aliases could expand to millions of nodes, and Sigma rules
		// have none.
		if err := decode(&doc, &r); err != nil {
			e := j.Begin(in.Path, line, "", name)
			e.Skip(whyNotRule, err.Error())
			e.End()
			continue
		}
		e := j.Begin(in.Path, line, r.ID, name)
		collection = collection && r.Action != "reset" || r.Action == "global"
		takeRule(e, &r, collection)
		e.End()
	}
}

func decode(doc *yaml.Node, r *rule) error {
	if hasAlias(doc) {
		return errors.New("it has YAML aliases (*)")
	}
	var wrong *yaml.TypeError
	if err := doc.Decode(r); errors.As(err, &wrong) {
		return errors.New(strings.ReplaceAll(strings.Join(wrong.Errors, "; "), "sigma.rule", "a rule"))
	} else if err != nil {
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

func takeRule(e *job.Entry, r *rule, collection bool) {
	e.Base.Message = job.OneLine(r.Title)
	switch level := strings.ToLower(r.Level); level {
	case "informational":
		e.Base.Severity = "info"
	case "low", "medium", "high", "critical":
		e.Base.Severity = level
	}
	for _, t := range r.Tags {
		if t = job.IDFrom(t); t != "" {
			e.Base.Tags = append(e.Base.Tags, t)
		}
	}
	source := []string{r.Logsource.Product, r.Logsource.Category, r.Logsource.Service}
	e.AddData("logsource", strings.Join(strings.Fields(strings.Join(source, " ")), "/"))
	switch {
	case r.Correlation.Kind != 0:
		e.Skip(whyCorrelation, "")
		return
	case r.Filter.Kind != 0:
		e.Skip(whyFilter, "")
		return
	case r.Action != "" || collection:
		e.Skip(whyCollection, r.Action)
		return
	case r.Detection.Kind != yaml.MappingNode:
		e.Skip(whyNotRule, "its detection is no map")
		return
	}
	s := reader{Entry: e, selections: map[string]*yaml.Node{}}
	s.detection(&r.Detection)
}

// reader collects the patterns of the selections.
type reader struct {
	*job.Entry
	selections map[string]*yaml.Node
	order      []string
	patterns   []pattern
	depth      int
	broken     *re2.Reason // why the condition cannot be read
}

func (s *reader) detection(n *yaml.Node) {
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
			s.TakeInPart(whyAggregation, "timeframe "+value.Value)
		default:
			s.selections[name] = value
			s.order = append(s.order, name)
		}
	}
	if len(conditions) == 0 {
		s.Skip(whyNoCondition, "")
		return
	}
	all := &condition.Node{Op: condition.Or}
	for _, c := range conditions {
		all.Subs = append(all.Subs, s.parse(c))
	}
	if len(all.Subs) == 1 {
		all = all.Subs[0]
	}
	detail := strings.Join(conditions, "; ")
	if s.broken != nil {
		s.Skip(s.broken.Text, cmp.Or(s.broken.Detail, detail))
		return
	}
	need := all.Widen(s.rate)
	if !s.DecideBy(need, aboutUnread, whySelection, detail) {
		return
	}
	if need.Less {
		for _, r := range need.Lost {
			s.TakeInPart("finds less: the condition can also hold without the texts that are looked for: "+r.Text, cmp.Or(r.Detail, detail))
		}
	}
	s.write(need.Names)
}

// selection returns the condition of a selection: a list of keywords, a list of maps of which at
// least one must hold, or a map of fields that must all hold.
func (s *reader) selection(n *yaml.Node) *condition.Node {
	if s.depth++; s.depth > job.MaxLevels || len(s.patterns) > maxPatterns {
		s.depth--
		return condition.About(whyTooLarge, "")
	}
	defer func() { s.depth-- }()
	switch n.Kind {
	case yaml.ScalarNode:
		return s.values("", []*yaml.Node{n})
	case yaml.SequenceNode:
		var subs []*condition.Node
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
		return &condition.Node{Op: condition.Or, Subs: subs}
	case yaml.MappingNode:
		all := &condition.Node{Op: condition.And}
		for i := 0; i+1 < len(n.Content); i += 2 {
			value := n.Content[i+1]
			list := []*yaml.Node{value}
			if value.Kind == yaml.SequenceNode {
				list = value.Content
			}
			all.Subs = append(all.Subs, s.values(n.Content[i].Value, list))
		}
		if len(all.Subs) == 1 {
			return all.Subs[0]
		}
		return all
	}
	return condition.About(aboutNested, "")
}

// maxPatterns bounds the patterns of one rule.
const maxPatterns = 100_000

// values returns the condition for the values of a field with modifiers, or for keywords if key is
// empty.
func (s *reader) values(key string, list []*yaml.Node) *condition.Node {
	parts := strings.Split(key, "|")
	field := parts[0] != ""
	all := false
	any := &condition.Node{Op: condition.Any}
	every := &condition.Node{Op: condition.And}
	for _, m := range parts[1:] {
		all = all || m == "all"
	}
	var lost []*condition.Node
	for _, n := range list {
		patterns, why := s.modified(n, parts[1:])
		if why != nil {
			lost = append(lost, &condition.Node{Op: condition.Other, Why: why})
			continue
		}
		one := &condition.Node{Op: condition.Any}
		for _, p := range patterns {
			p.field = field
			s.patterns = append(s.patterns, p)
			one.Names = append(one.Names, fmt.Sprint(len(s.patterns)-1))
		}
		any.Names = append(any.Names, one.Names...)
		every.Subs = append(every.Subs, one)
	}
	switch {
	case len(list) == 0:
		return condition.About(aboutEmpty, key)
	case all:
		every.Subs = append(every.Subs, lost...)
		if len(every.Subs) == 1 {
			return every.Subs[0]
		}
		return every
	case len(lost) > 0:
		return &condition.Node{Op: condition.Or, Subs: append([]*condition.Node{any}, lost...)}
	}
	return any
}

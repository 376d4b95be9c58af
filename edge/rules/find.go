package rules

// Finding a rule by its id.

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trawl/edge/match"
	"trawl/edge/names"
	"trawl/edge/problem"
)

// findRule returns the rule with an id in a word list, rule file or pack, or in the rule files of a
// folder, and the file of the rule.
func findRule(path, id string, o Options) (rule *Rule, file string, err error) {
	l := newLoader(o)
	near := nearest{to: id}
	sources := Expand([]string{path})
	for _, path := range sources {
		s := l.open(path, nil)
		if s == nil {
			continue
		}
		r := l.findIn(s, id, &near, len(sources) == 1)
		s.Close()
		if rule == nil && r != nil {
			rule, file = r, path
		}
	}
	defer l.closePack()
	switch {
	case rule != nil:
		if o.NoCase {
			if err := ignoreCase(&rule.Rule); err != nil {
				return nil, "", problem.List{{File: file, Line: rule.PatternLine, Message: fmt.Sprintf("rule %q: %v", shortened(id), err)}}
			}
		}
		rule.Whole = rule.Whole || o.Whole
		return rule, file, nil
	case l.problems.Count() > 0:
		l.problems.Sort(sources...)
		return nil, "", l.problems.Err()
	}
	return nil, "", problem.List{{File: path, Message: fmt.Sprintf("has no rule %q%s", shortened(id), near.advice())}}
}

func (l *loader) findIn(s *source, id string, near *nearest, alone bool) *Rule {
	switch s.kind {
	case KindRules:
		for i := range s.rules.Rules {
			r := &s.rules.Rules[i]
			if r.Label() == id {
				return r
			}
			near.see(r.Label())
		}
		return nil
	case KindPack:
		if l.addPack(s, alone); l.pack == nil || l.problems.Count() > 0 {
			return nil
		}
		return l.findInPack(s.path, id, near)
	}
	return l.findInWords(s, id, near)
}

func (l *loader) findInPack(path, id string, near *nearest) *Rule {
	for i := range l.pack.NumRules() {
		if l.pack.ID(i) != id {
			near.see(l.pack.ID(i))
			continue
		}
		r, ok := l.pack.Rule(i)
		if !ok {
			l.problems.Add(path, 0, "does not hold the literals of rule %q (engine %s); give the file that it was made of", shortened(id), l.pack.Info().Engine)
			return nil
		}
		r.ID = strings.Clone(id)
		return &Rule{Rule: *r}
	}
	return nil
}

func (l *loader) findInWords(s *source, id string, near *nearest) *Rule {
	var found *Rule
	_, err := ReadWords(s, func(line int, word []byte) {
		label := literalID(word)
		switch {
		case found != nil:
		case label == id:
			found = &Rule{Rule: match.Rule{ID: id, Literals: [][]byte{slices.Clone(word)}}, Line: line, PatternLine: line}
		default:
			near.see(label)
		}
	})
	var le *LineError
	switch {
	case found != nil:
	case errors.As(err, &le):
		l.problems.Add(s.path, le.Line, "%v", le.Err)
	case err != nil:
		l.problems.Append(openProblem(s.path, err))
	}
	return found
}

// nearest collects the ids most similar to another.
type nearest struct {
	to   string
	best []similar
}

type similar struct {
	id       string
	distance int
}

const (
	maxSimilar = 3
	// comparedBytes bounds the time of a comparison: an id may have 1,024 bytes.
	comparedBytes = 64
)

func (n *nearest) see(id string) {
	a, b := strings.ToLower(firstBytes(n.to)), strings.ToLower(firstBytes(id))
	far := max(1, len(a)/3)
	if len(a) > 3 {
		far = max(2, far) // two swapped letters
	}
	d := len(b) - len(a)
	switch {
	case strings.HasPrefix(b, a) || strings.HasSuffix(b, a):
		d = 1
	case d > far || -d > far:
		return
	default:
		if d = names.Distance(a, b); d > far {
			return
		}
	}
	n.best = append(n.best, similar{strings.Clone(id), d})
	slices.SortStableFunc(n.best, func(x, y similar) int { return cmp.Compare(x.distance, y.distance) })
	n.best = n.best[:min(len(n.best), maxSimilar)]
}

func firstBytes(s string) string { return s[:min(len(s), comparedBytes)] }

func (n *nearest) advice() string {
	if len(n.best) == 0 {
		return "; ids are compared exactly"
	}
	var list []string
	for _, s := range n.best {
		list = append(list, fmt.Sprintf("%q", shortened(s.id)))
	}
	return " (did you mean " + strings.Join(list, " or ") + "?)"
}

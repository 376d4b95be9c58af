package wire

// Wants: what a request can ask of each text. One table holds all differences between wants.

import (
	"fmt"
	"strings"

	"trawl/edge/escape"
)

// Want is the question of a request about each text. Packed results carry the number.
type Want uint8

// The wants. A new want needs a row in wants, and a want of package match in worker/results.
const (
	WantMatches Want = iota // every match, including overlapping matches
	WantRules               // each matching rule, once
	WantFirst               // the first match in the order end, start, rule
	WantCount               // how many matches there are
	WantAny                 // whether anything matches
	WantMasked              // the text, with each match replaced
)

// Shape is the form of a result. Results of equal shape are written and read alike.
type Shape uint8

// The shapes.
const (
	ShapeMatches Shape = iota // a list of matches
	ShapeRules                // a list of rules
	ShapeCount                // a number
	ShapeAny                  // yes or no
	ShapeMasked               // a text
)

var wants = [...]struct {
	name   string // in headers
	shape  Shape
	single bool // the result has at most one entry, and is complete with it
}{
	WantMatches: {name: "matches", shape: ShapeMatches},
	WantRules:   {name: "rules", shape: ShapeRules},
	WantFirst:   {name: "first", shape: ShapeMatches, single: true},
	WantCount:   {name: "count", shape: ShapeCount},
	WantAny:     {name: "any", shape: ShapeAny},
	WantMasked:  {name: "masked", shape: ShapeMasked},
}

// NumWants is the number of wants; valid values of Want are smaller.
const NumWants = Want(len(wants))

// String returns the name of w in headers.
func (w Want) String() string {
	if w >= NumWants {
		return fmt.Sprintf("Want(%d)", uint8(w))
	}
	return wants[w].name
}

// Shape returns the form of the results for w.
func (w Want) Shape() Shape { return wants[w].shape }

// Single reports whether a result has at most one entry. A single result is never truncated.
func (w Want) Single() bool { return wants[w].single }

// Lists reports whether results list matches or rules; limits apply to lists only.
func (w Want) Lists() bool { return w.Shape() == ShapeMatches || w.Shape() == ShapeRules }

// Limited reports whether the limits of a request and of a worker can leave a part out of a result.
// A masked text is then not complete.
func (w Want) Limited() bool { return w.Lists() || w.Shape() == ShapeMasked }

// WantNames returns the names of all wants, ordered by number.
func WantNames() []string {
	names := make([]string, NumWants)
	for w := range NumWants {
		names[w] = w.String()
	}
	return names
}

// ParseWant returns the want called name.
func ParseWant(name string) (Want, error) {
	for w := range NumWants {
		if w.String() == name {
			return w, nil
		}
	}
	names := WantNames()
	last := len(names) - 1
	return 0, escape.Errorf("unknown want %q: use %s or %s", name, strings.Join(names[:last], ", "), names[last])
}

// Package names holds the rules about rule sets on which several parts of trawl must agree: valid
// names, the severities of rules, and escalations without circles. Distance is for suggestions
// where a name does not exist.
//
//	err := names.Check("pii")
//	path, _ := names.Circle([]string{"default"}, next)
package names

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"trawl/edge/escape"
)

// Severities are the values of a rule's severity, rising.
func Severities() []string { return []string{"info", "low", "medium", "high", "critical"} }

// maxName bounds a name, in bytes.
const maxName = 255

// Check returns why s cannot be the name of a rule set. A name must survive in NAME=FILE and
// NAME@HASH, in lists with commas, and in logs.
func Check(s string) error {
	bad := func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`@=,/\"`, r)
	}
	switch {
	case s == "":
		return errors.New("a name must not be empty")
	case len(s) > maxName:
		return fmt.Errorf("a name must not be longer than %d bytes", maxName)
	case !utf8.ValidString(s), strings.ContainsFunc(s, bad):
		return escape.Errorf(`%q is not a name; it must do without spaces, characters that cannot be seen, and any of @ = , / \ "`, s)
	}
	return nil
}

// Distance returns the number of bytes to insert, delete or replace to turn a into b
// (Levenshtein), for suggestions.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Step is an escalation: texts of a rule set are sent on to another rule set.
type Step struct {
	To    string // the rule set that the texts go to
	Entry int    // the position of the escalation in its list
}

// Circle follows texts from the rule sets in start, along the steps that next returns for each rule
// set. If texts reach a rule set twice, the result is their path, which ends with this rule set,
// and the entry of the last step. Without a circle the path is nil.
func Circle(start []string, next func(set string) []Step) (path []string, entry int) {
	harmless := map[string]bool{} // rule sets that lead to no circle
	var follow func(path []string) ([]string, int)
	follow = func(path []string) ([]string, int) {
		set := path[len(path)-1]
		if harmless[set] {
			return nil, 0
		}
		for _, step := range next(set) {
			longer := append(slices.Clip(path), step.To)
			if slices.Contains(path, step.To) {
				return longer, step.Entry
			}
			if circle, entry := follow(longer); circle != nil {
				return circle, entry
			}
		}
		harmless[set] = true
		return nil, 0
	}
	for _, set := range start {
		if path, entry = follow([]string{set}); path != nil {
			return path, entry
		}
	}
	return nil, 0
}

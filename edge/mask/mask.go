// Package mask replaces parts of a text, so that what rules have found in it can be passed on
// without being shown.
//
//	masked := mask.Append(nil, []byte("card 4111"), []mask.Span{{Start: 5, End: 9, Rule: "card"}}, mask.Stars)
//	// card ****
//
// A text of which not all matches are known must not be passed on in part: [Incomplete] stands for
// it as a whole.
package mask

import (
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"trawl/edge/escape"
)

// Incomplete stands for a text of which some matches may not be known.
const Incomplete = "[masked: incomplete]"

// Style says what stands in the place of a match.
type Style uint8

// The styles.
const (
	Stars Style = iota // a * for each character, and for each byte that is not UTF-8
	Rule               // the id of the rule in brackets
)

var styleNames = [...]string{"stars", "rule"}

// String returns the name of s in settings and headers.
func (s Style) String() string {
	if int(s) < len(styleNames) {
		return styleNames[s]
	}
	return fmt.Sprintf("Style(%d)", uint8(s))
}

// StyleNames returns the names of all styles.
func StyleNames() []string { return slices.Clone(styleNames[:]) }

// ParseStyle returns the style of that name.
func ParseStyle(name string) (Style, error) {
	for i, known := range styleNames {
		if name == known {
			return Style(i), nil
		}
	}
	return 0, escape.Errorf("unknown mask %q: use %s", name, strings.Join(styleNames[:], " or "))
}

// Span is a match: text[Start:End].
type Span struct {
	Start, End int64
	Rule       string // id; not used by Stars
}

// Append appends text to dst with each span replaced; spans that overlap are one. The spans must lie
// in the text, and are sorted by their start.
func Append(dst, text []byte, spans []Span, style Style) []byte {
	sort.Slice(spans, func(i, j int) bool { return spans[i].Start < spans[j].Start })
	at := int64(0)
	for len(spans) > 0 {
		start, end, n := spans[0].Start, spans[0].End, 1
		for n < len(spans) && spans[n].Start < end {
			end = max(end, spans[n].End)
			n++
		}
		dst = append(dst, text[at:start]...)
		if style == Stars {
			for range utf8.RuneCount(text[start:end]) {
				dst = append(dst, '*')
			}
		} else {
			dst = appendRules(dst, text, spans[:n])
		}
		at, spans = end, spans[n:]
	}
	return append(dst, text[at:]...)
}

// appendRules appends the rules of overlapping spans, each once.
func appendRules(dst, text []byte, spans []Span) []byte {
	dst = append(dst, '[')
	names := make([]string, 0, 4)
	for i := range spans {
		s := &spans[i]
		name := s.Rule
		if reveals(name, string(text[s.Start:s.End])) {
			name = "word"
		}
		if slices.Contains(names, name) {
			continue
		}
		if names = append(names, name); len(names) > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, escape.Line(name)...)
	}
	return append(dst, ']')
}

// reveals reports whether the id of a rule is what the rule has matched, as that of a word in a list
// is.
func reveals(id, matched string) bool {
	return strings.EqualFold(id, matched) || id == "hex:"+hex.EncodeToString([]byte(matched))
}

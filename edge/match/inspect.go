package match

// Trying a regex out without a pack: the memory and the steps that running takes, and whether a
// scan gives the regex up on some texts. Counting steps instead of time makes the answer equal on
// every machine.

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"unicode/utf8"

	"trawl/edge/match/internal/lazydfa"
)

// Trial is what became of a regex on texts made for it.
type Trial struct {
	Instructions   int // of the program
	ProgramBytes   int // of the programs, forward and, if needed, backward
	PrefilterBytes int // about, of the literals in an automaton if no other rule has them
	States         int // of the DFA
	StateBytes     int // of the cache that a scratch has for the states of all regexes
	// MostSteps and Allowed belong to the text, of TrialText bytes, that took the largest part of
	// the allowed steps.
	MostSteps, Allowed int64
	// GivenUp says that the allowed steps were not enough: matches were missed, and a scan would
	// name the rule in Result.Incomplete.
	GivenUp bool
}

// TrialText is the length in bytes of the texts that regexes are tried on.
const TrialText = 8 << 10

// CacheSize is how many bytes the states of all regexes may take in a scratch.
const CacheSize = lazydfa.DefaultCacheSize

// Inspector tries regexes out in turn. An Inspector is not safe for concurrent use. The zero value
// is ready.
type Inspector struct{ scratch Scratch }

// Inspect tells how a regex would run, and tries the regex. The errors are those of Builder.Add.
func (i *Inspector) Inspect(expr string, noCase bool) (RegexInfo, Trial, error) {
	r := &regexRule{expr: expr, noCase: noCase}
	tree, err := checkRegex(r.source())
	if err != nil {
		return RegexInfo{}, Trial{}, err
	}
	info := regexInfo(tree)
	var t Trial
	if info.Needs != nil {
		for _, l := range info.Needs.Literals() {
			t.PrefilterBytes += prefilterPerByte*len(l) + prefilterPerLiteral
		}
	}
	p := &programs{}
	p.init([]*regexRule{r}, []bool{true})
	e := &searcher{programs: p}
	s := &i.scratch
	s.regexes.use(e, s)
	for _, text := range trialTexts(tree) {
		s.results.reset(WantMatches, 0)
		_, complete := e.runRegex(s, 0, text)
		allowed := AllowedSteps(len(text))
		if used := allowed - s.regexes.runner.StepsLeft(); t.Allowed == 0 || used > t.MostSteps {
			t.MostSteps, t.Allowed = used, allowed
		}
		t.GivenUp = t.GivenUp || !complete
	}
	for _, lazy := range []*lazyProgram{&r.forward, &r.backward} {
		if program := lazy.program.Load(); program != nil {
			t.ProgramBytes += program.Bytes()
			t.Instructions = max(t.Instructions, program.Insts())
		}
	}
	t.States, t.StateBytes = s.regexes.runner.States()
	return info, t, nil
}

// What literals take in an automaton: a cell of 8 bytes for each byte behind the common beginning
// with another literal; the output where a literal ends, and a trigger.
const (
	prefilterPerByte    = 8
	prefilterPerLiteral = 16
)

// trialTexts are texts that bring out the worst of a regex: many short matches, with text behind
// each in which a longer match may end; long matches, for regexes that count; and many beginnings
// at varying distances, which the regex has to keep apart.
func trialTexts(tree *syntax.Regexp) [][]byte {
	short, long := example{}, example{long: true}
	match := short.append(nil, tree)
	if len(match) == 0 {
		return nil // a class without runes is in re
	}
	fill := func(piece []byte) []byte { return bytes.Repeat(piece, max(1, TrialText/len(piece))) }
	first := short.append(nil, firstPart(tree))
	var beginnings []byte
	random := rand.New(rand.NewPCG(1, 2))
	for len(beginnings)+len(first) < TrialText {
		beginnings = append(append(beginnings, first...), "...."[:random.IntN(4)]...)
	}
	longest := long.append(nil, tree)
	return [][]byte{
		fill(match), fill(append(match[:len(match):len(match)], ' ')),
		fill(longest[:min(len(longest), TrialText)]), beginnings,
	}
}

// firstPart is the part of re at the beginning of every match.
func firstPart(re *syntax.Regexp) *syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return firstPart(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if shortest, _ := lazydfa.Lengths(sub); shortest > 0 {
				return firstPart(sub)
			}
		}
	}
	return re
}

// example makes texts that a regex matches, as far as assertions allow: short texts or long ones,
// of about TrialText bytes at most.
type example struct{ long bool }

// longRepeat is how often a long example repeats what may be repeated without bound.
const longRepeat = 16

func (e example) append(text []byte, re *syntax.Regexp) []byte {
	if len(text) > TrialText {
		return text
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			text = utf8.AppendRune(text, r)
		}
	case syntax.OpCharClass:
		return utf8.AppendRune(text, plainRune(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return append(text, 'x')
	case syntax.OpCapture:
		return e.append(text, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for range e.repeats(re) {
			if len(text) > TrialText {
				break
			}
			text = e.append(text, re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			text = e.append(text, sub)
		}
	case syntax.OpAlternate:
		return e.append(text, e.alternative(re.Sub))
	}
	return text
}

// repeats is how often the operand of re is to be repeated.
func (e example) repeats(re *syntax.Regexp) int {
	fewest, most := lazydfa.Repetition(re)
	switch {
	case !e.long:
		return fewest
	case most < 0:
		return max(fewest, longRepeat)
	}
	return most
}

// alternative is the shortest of subs, or the longest.
func (e example) alternative(subs []*syntax.Regexp) *syntax.Regexp {
	length := func(re *syntax.Regexp) int {
		shortest, longest := lazydfa.Lengths(re)
		switch {
		case !e.long:
			return shortest
		case longest < 0:
			return -lazydfa.MaxLength
		}
		return -longest
	}
	return slices.MinFunc(subs, func(a, b *syntax.Regexp) int { return cmp.Compare(length(a), length(b)) })
}

// plainRune is a letter of a class, or a digit, or else the first rune of the class.
func plainRune(ranges []rune) rune {
	for _, wanted := range []rune{'a', 'A', '0'} {
		for i := 0; i+1 < len(ranges); i += 2 {
			if r := max(wanted, ranges[i]); r <= ranges[i+1] && r <= 'z' {
				return r
			}
		}
	}
	if len(ranges) == 0 {
		return 'x' // there is no such text
	}
	return ranges[0]
}

// AllowedSteps is how many steps a regex may take on a text of so many bytes.
func AllowedSteps(length int) int64 { return lazydfa.AllowedSteps(length) }

package re2

// The \< and \> of grep, translated as \b.

import (
	"regexp/syntax"
	"unicode/utf8"

	"trawl/edge/rules/importer/internal/shape"
)

// words notes where \b differs from \< and \>. Both are equal if, in every match, a word character
// follows \< or precedes \>.
func (p *posixParser) words(t *Translation) {
	for _, at := range p.begins {
		if !edgeIsWord(t.Expr, at+2, false) {
			t.InPart = append(t.InPart, Because(whyWordBegin, ""))
			break
		}
	}
	for _, at := range p.ends {
		if !edgeIsWord(t.Expr, at, true) {
			t.InPart = append(t.InPart, Because(whyWordEnd, ""))
			break
		}
	}
}

// edgeIsWord reports whether, in every match of expr, the character behind position at is a word
// character; with before set, the character before. Only the alternative around at is considered.
func edgeIsWord(expr string, at int, before bool) bool {
	for _, branch := range branches(expr) {
		if branch.from > at || at > branch.to {
			continue
		}
		part := expr[at:branch.to]
		if before {
			part = expr[branch.from:at]
		}
		if tree, err := syntax.Parse(part, syntax.Perl); err == nil {
			return wordAtEdge(tree, before)
		}
		return false
	}
	return false
}

// span is a part of an expression.
type span struct{ from, to int }

// branches returns the alternatives of an expression and of all groups, inner alternatives first.
func branches(expr string) []span {
	var list []span
	open := []int{0} // the current alternatives of the open groups
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case '[':
			i = shape.ClassEnd(expr, i)
		case '(':
			open = append(open, i+1)
		case '|', ')':
			last := len(open) - 1
			list = append(list, span{open[last], i})
			open[last] = i + 1
			if expr[i] == ')' && last > 0 {
				open = open[:last]
			}
		}
	}
	return append(list, span{open[len(open)-1], len(expr)})
}

// wordAtEdge reports whether every match of re begins with a word character; with last set, ends
// with a word character.
func wordAtEdge(re *syntax.Regexp, last bool) bool {
	switch re.Op {
	case syntax.OpLiteral:
		r := re.Rune[0]
		if last {
			r = re.Rune[len(re.Rune)-1]
		}
		return r < utf8.RuneSelf && IsWordByte(byte(r)) && re.Flags&syntax.FoldCase == 0
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1] >= utf8.RuneSelf {
				return false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if !IsWordByte(byte(r)) {
					return false
				}
			}
		}
		return len(re.Rune) > 0
	case syntax.OpCapture, syntax.OpPlus:
		return wordAtEdge(re.Sub[0], last)
	case syntax.OpRepeat:
		return re.Min > 0 && wordAtEdge(re.Sub[0], last)
	case syntax.OpConcat:
		sub := re.Sub[0]
		if last {
			sub = re.Sub[len(re.Sub)-1]
		}
		return wordAtEdge(sub, last)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !wordAtEdge(sub, last) {
				return false
			}
		}
		return true
	}
	return false
}

// Which of several contents are needed.

package importer

import (
	"bytes"
	"regexp/syntax"
	"slices"
)

func chainsOf(list []*content) []chain {
	var chains []chain
	for _, c := range list {
		if c.relative && len(chains) > 0 {
			last := len(chains) - 1
			chains[last] = append(chains[last], c)
			continue
		}
		chains = append(chains, chain{c})
	}
	return chains
}

// implied leaves out literals that are in every match of another chain.
func implied(chains []chain) []chain {
	var kept []chain
	for i, c := range chains {
		if !c.plain() {
			kept = append(kept, c)
			continue
		}
		needless := false
		for j, other := range chains {
			if i != j && !needless {
				needless = holds(other, c[0]) && !(j > i && other.plain() && holds(c, other[0]))
			}
		}
		if !needless {
			kept = append(kept, c)
		}
	}
	return kept
}

// holds says whether each text with all of c has lit in it.
func holds(c chain, lit *content) bool {
	for _, part := range c {
		switch {
		case part.regex:
			tree, err := syntax.Parse(part.translation.expr, syntax.Perl)
			if err == nil && requires(tree.Simplify(), lit) {
				return true
			}
		case lit.nocase:
			if bytes.Contains(asciiLower(part.text), asciiLower(lit.text)) {
				return true
			}
		case !part.nocase && bytes.Contains(part.text, lit.text):
			return true
		}
	}
	return false
}

// requires says whether every match of re contains lit; false if that is not plain to see.
func requires(re *syntax.Regexp, lit *content) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return literalHas(re, lit)
	case syntax.OpCapture, syntax.OpPlus:
		return requires(re.Sub[0], lit)
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return requires(sub, lit) })
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !requires(sub, lit) })
	}
	return false
}

func literalHas(re *syntax.Regexp, lit *content) bool {
	text := []byte(string(re.Rune))
	if lit.nocase {
		return bytes.Contains(asciiLower(text), asciiLower(lit.text))
	}
	return re.Flags&syntax.FoldCase == 0 && bytes.Contains(text, lit.text)
}

func asciiLower(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}

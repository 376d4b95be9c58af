package snort

// Selection of the contents that a rule needs.

import (
	"bytes"
	"regexp/syntax"

	"trawl/edge/rules/importer/internal/re2"
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

// implied leaves out the literals contained in every match of another chain.
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

// holds reports whether every text with all contents of c contains lit.
func holds(c chain, lit *content) bool {
	for _, part := range c {
		switch {
		case part.regex:
			tree, err := syntax.Parse(part.translation.Expr, syntax.Perl)
			if err == nil && re2.Requires(tree.Simplify(), lit.text, lit.nocase) {
				return true
			}
		case lit.nocase:
			if bytes.Contains(re2.ASCIILower(part.text), re2.ASCIILower(lit.text)) {
				return true
			}
		case !part.nocase && bytes.Contains(part.text, lit.text):
			return true
		}
	}
	return false
}

package wire

// Which rules a packed result has named already, and as which number.

// refTable numbers rules in the order in which they are asked for. A text has
// few rules as a rule, and the same ones again and again: those asked for lately lie
// in a small table, all of them in a map that is not cleared for each text.
type refTable struct {
	round  uint32 // that entries must be of
	count  uint32 // rules numbered in this round
	recent [1024]ruleRef
	all    map[uint32]ruleRef
}

type ruleRef struct{ rule, round, ref uint32 }

// maxKeptRefs bounds what stays allocated from text to text.
const maxKeptRefs = 1 << 14

// reset forgets all rules.
func (t *refTable) reset() {
	t.count = 0
	if t.round++; t.round == 0 || t.all == nil || len(t.all) > maxKeptRefs {
		*t = refTable{round: 1, all: make(map[uint32]ruleRef)}
	}
}

// of returns the number of a rule, and whether it had one.
func (t *refTable) of(rule uint32) (ref uint32, known bool) {
	recent := &t.recent[rule%uint32(len(t.recent))]
	if recent.rule == rule && recent.round == t.round {
		return recent.ref, true
	}
	r := t.all[rule]
	if known = r.round == t.round; !known {
		r = ruleRef{rule, t.round, t.count}
		t.count++
		t.all[rule] = r
	}
	*recent = r
	return r.ref, known
}

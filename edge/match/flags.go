package match

// What kind each rule is of: a byte of flags per rule.

import "bytes"

// Flags of a rule.
const (
	ruleNoCase = 1 << iota
	ruleWhole
	ruleRegex

	ruleFlags = ruleNoCase | ruleWhole | ruleRegex
)

// flagTable holds the flags of all rules. A set of rules that all have equal flags, such as a word
// list, needs one byte altogether.
type flagTable struct {
	bytes []byte
	mask  uint32 // of a rule's number: 0 if one byte stands for all rules
	rules int
}

func (t *flagTable) of(rule uint32) uint8 { return t.bytes[rule&t.mask] }

// add appends the flags of one more rule.
func (t *flagTable) add(flags uint8) {
	switch {
	case t.rules == 0:
		t.bytes = []byte{flags}
	case t.mask != 0:
		t.bytes = append(t.bytes, flags)
	case flags != t.bytes[0]:
		t.bytes = append(bytes.Repeat(t.bytes, t.rules), flags)
		t.mask = ^uint32(0)
	}
	t.rules++
}

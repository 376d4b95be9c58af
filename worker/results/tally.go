package results

// Counts of the matches that an answer lists, by rule.

// Tally counts the matches that an Encoder lists, until Take. Its memory goes by the rules that have
// matched: a page of 4 KiB for each thousand of which one has.
type Tally struct {
	pages   []*[tallyPage]uint32 // by rule; an answer has fewer matches than 2^32
	counted []uint32             // rules that have a count
}

const tallyPage = 1024

// add counts a match of a rule.
func (t *Tally) add(rule uint32) {
	page := int(rule / tallyPage)
	if page >= len(t.pages) {
		t.pages = append(t.pages, make([]*[tallyPage]uint32, page+1-len(t.pages))...)
	}
	if t.pages[page] == nil {
		t.pages[page] = new([tallyPage]uint32)
	}
	n := &t.pages[page][rule%tallyPage]
	if *n == 0 {
		t.counted = append(t.counted, rule)
	}
	*n++
}

// Take gives each count to each, which may be nil, and forgets it.
func (t *Tally) Take(each func(rule uint32, matches uint32)) {
	for _, rule := range t.counted {
		n := &t.pages[rule/tallyPage][rule%tallyPage]
		if each != nil {
			each(rule, *n)
		}
		*n = 0
	}
	t.counted = t.counted[:0]
}

// Empty reports whether nothing has been counted.
func (t *Tally) Empty() bool { return len(t.counted) == 0 }

// count notes that the result lists a match.
func (e *Encoder) count(rule uint32) {
	if e.Tally != nil {
		e.Tally.add(rule)
	}
}

package worker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Escalation says which texts are sent on, and where to: those in which this worker
// has found something, to others that have more rules. With split: lines, lines are
// the texts. Requests for want any never are: the answer is known.
type Escalation struct {
	// Rules is the rule set of this worker whose matches count; empty: each of them.
	Rules string
	// Tags and Severities narrow it to matches of rules that have one of the tags, or
	// one of the severities. Both empty: any match will do.
	Tags, Severities []string
	// To is the rule set to ask, as name or name@hash; default: default.
	To string
	// Worker is the one worker to ask; empty: any that serves To.
	Worker string
}

// escalation is one of them for one rule set.
type escalation struct {
	Escalation
	cache atomic.Pointer[flagRules]
}

// flagRules are the rules of a pack that matter to an escalation.
type flagRules struct {
	pack *match.Pack
	is   []bool // by rule; nil: each
}

// escalations lists for each rule set what decides about its texts.
func escalations(o *Options) map[string][]*escalation {
	all := make(map[string][]*escalation)
	for _, e := range o.Escalate {
		for name := range o.RuleSets.sets {
			if e.Rules == "" || e.Rules == name {
				own := e
				if own.To == "" {
					own.To = wire.DefaultRules
				}
				all[name] = append(all[name], &escalation{Escalation: own})
			}
		}
	}
	return all
}

// checkEscalations refuses what cannot work: rule sets that are not there, and
// texts that would go in a circle.
func checkEscalations(o *Options) error {
	for i, e := range o.Escalate {
		if e.To == "" && e.Worker == "" {
			return fmt.Errorf("worker: escalation %d names neither a rule set nor a worker to ask", i+1)
		}
		if e.Rules != "" && o.RuleSets.sets[e.Rules] == nil {
			return fmt.Errorf("worker: escalation %d is for the rule set %q, which this worker does not hold; it has %s",
				i+1, e.Rules, strings.Join(slices.Sorted(maps.Keys(o.RuleSets.sets)), ", "))
		}
	}
	all := escalations(o)
	for _, name := range slices.Sorted(maps.Keys(o.RuleSets.sets)) {
		if circle := circleFrom(o, all, name, nil); circle != nil {
			return fmt.Errorf("worker: texts would be sent on in a circle: %s; name the rule set that an escalation is for, or another one to ask", strings.Join(circle, " to "))
		}
	}
	return nil
}

// circleFrom follows texts from a rule set of this worker; it returns the way if that
// comes to a rule set twice.
func circleFrom(o *Options, all map[string][]*escalation, name string, way []string) []string {
	if way = append(slices.Clip(way), name); slices.Contains(way[:len(way)-1], name) {
		return way
	}
	for _, e := range all[name] {
		to, _ := wire.SplitRules(e.To)
		if o.RuleSets.sets[to] == nil || e.Worker != "" && e.Worker != o.Name {
			continue // elsewhere; what is done there is not known here
		}
		if circle := circleFrom(o, all, to, way); circle != nil {
			return circle
		}
	}
	return nil
}

// rules returns which rules of a pack matter.
func (e *escalation) rules(pack *match.Pack) *flagRules {
	f := e.cache.Load()
	if f != nil && f.pack == pack {
		return f
	}
	f = &flagRules{pack: pack}
	if len(e.Tags)+len(e.Severities) > 0 {
		f.is = make([]bool, pack.NumRules())
		for i := range f.is {
			meta := pack.Meta(i)
			f.is[i] = slices.Contains(e.Severities, meta.Severity) ||
				slices.ContainsFunc(meta.Tags, func(tag string) bool { return slices.Contains(e.Tags, tag) })
		}
	}
	e.cache.Store(f)
	return f
}

// flagging is how a slot notes which texts are sent on.
type flagging struct {
	entries []*escalation // of the rule set; nil: none
	flagged []flagged
	want    match.Want
	text    int // that lines belong to
	listed  int // lines of it that the result lists
	again   match.Scratch
}

// flagged is a text, or a line of one, that is sent on.
type flagged struct {
	entry  int // of the rule set's
	text   int
	line   int // in the order of those that the result lists
	offset int64
	length int64
}

// begin prepares for a request.
func (f *flagging) begin(entries []*escalation, want match.Want) {
	if f.entries = entries; want == match.WantAny {
		f.entries = nil
	}
	f.flagged, f.want, f.text = f.flagged[:0], want, -1
}

// flag looks at the result of text n, or of a line of it.
func (f *flagging) flag(pack *match.Pack, stop func() bool, n int, text []byte, r *match.Result, l *match.Line) {
	at := flagged{text: n, length: int64(len(text))}
	if l != nil {
		if f.text != n {
			f.text, f.listed = n, 0
		}
		at.line, at.offset = f.listed, l.Offset
		f.listed++
	}
	if !r.Any && r.Count == 0 && len(r.Matches) == 0 {
		return
	}
	for i, e := range f.entries {
		if f.matters(e.rules(pack), stop, text, r) {
			at.entry = i
			f.flagged = append(f.flagged, at)
		}
	}
}

// matters reports whether one of the rules matched. A result that does not list all
// rules that did cannot tell; then the text is scanned again.
func (f *flagging) matters(rules *flagRules, stop func() bool, text []byte, r *match.Result) bool {
	if rules.is == nil {
		return true
	}
	hit := func(r *match.Result) bool {
		return slices.ContainsFunc(r.Matches, func(m match.Match) bool { return rules.is[m.Rule] })
	}
	if hit(r) {
		return true
	}
	if (f.want == match.WantMatches || f.want == match.WantRules) && !r.Truncated {
		return false
	}
	all := rules.pack.Scan(&f.again, text, match.Query{Want: match.WantRules, Stop: stop})
	return hit(&all)
}

// escalating is a request whose texts have been matched here, and some of which are
// sent on.
type escalating struct {
	request *Request
	entries []*escalation
	flagged []flagged
	head    wire.AnswerHeader
	results [][]byte
	size    int // of all results
}

// escalate returns what asks others and then answers s.job, whose match took so long. It
// does not need s any more.
func (s *slot) escalate(h wire.RequestHeader, texts zmtp.Message, took time.Duration) (then func()) {
	e := &escalating{
		request: s.request(h), entries: s.entries, flagged: slices.Clone(s.flagged), size: len(s.results),
		head: wire.AnswerHeader{Rules: wire.RulesName(s.set.name, s.served.pack.Hash()), TookUS: took.Microseconds()},
	}
	for _, text := range texts.Frames() {
		e.request.Texts = append(e.request.Texts, text)
	}
	results, start := slices.Clone(s.results), 0
	for _, end := range s.ends {
		e.results = append(e.results, results[start:end:end])
		start = end
	}
	return func() { e.request.run(e.run) }
}

func (e *escalating) run(ctx context.Context) {
	for i, entry := range e.entries {
		parts := e.parts(i)
		if len(parts) == 0 {
			continue
		}
		said := wire.Escalated{To: entry.To, Worker: entry.Worker}
		a, err := e.ask(ctx, entry, parts)
		if err == nil {
			said.Worker, said.Rules, said.TookUS = a.Header.Worker, a.Header.Rules, a.Header.TookUS
			err = e.merge(parts, a.Results)
		}
		if err != nil {
			said.Error = wire.AsError(err)
		}
		e.head.Escalated = append(e.head.Escalated, said)
		if a != nil {
			e.head.Escalated = append(e.head.Escalated, a.Header.Escalated...) // it has asked further
		}
	}
	e.sayFailed()
	e.request.send(&e.head, e.results)
}

// part is a text to send on, or the lines of one that are.
type part struct {
	text  int
	bytes []byte
	lines []int // in the result's list
}

// parts are what an entry sends on.
func (e *escalating) parts(entry int) (parts []part) {
	h := &e.request.Header
	for _, f := range e.flagged {
		if f.entry != entry {
			continue
		}
		text := e.request.Texts[f.text]
		if !h.Lines {
			parts = append(parts, part{text: f.text, bytes: text})
			continue
		}
		if n := len(parts); n == 0 || parts[n-1].text != f.text {
			parts = append(parts, part{text: f.text})
		}
		p := &parts[len(parts)-1]
		p.bytes = append(append(p.bytes, text[f.offset:f.offset+f.length]...), '\n')
		p.lines = append(p.lines, f.line)
	}
	return parts
}

const (
	// The answer of this worker must not come too late because of the others'. What
	// the request has left is not all theirs: a tenth of it is kept, within these.
	keptLeast = 100 * time.Millisecond
	keptMost  = time.Second
)

func (e *escalating) ask(ctx context.Context, entry *escalation, parts []part) (*Answer, error) {
	h := e.request.Header
	h.Rules, h.Worker = entry.To, entry.Worker
	texts := make([][]byte, len(parts))
	for i := range parts {
		texts[i] = parts[i].bytes
	}
	left := remaining(ctx)
	kept := min(max(left/10, keptLeast), keptMost, left/2)
	a, err := e.request.ask(ctx, h, left-kept, texts)
	if err == nil && len(a.Results) != len(parts) {
		return nil, wire.Errorf(wire.Internal, "%d results for %d texts", len(a.Results), len(parts))
	}
	return a, err
}

// merge merges what others have found into the results; on an error, nothing of it.
func (e *escalating) merge(parts []part, theirs [][]byte) error {
	h, most := &e.request.Header, int(e.request.worker.options.Limits.Answer)
	merged := make([][]byte, len(parts))
	size := e.size
	for i := range parts {
		own := e.results[parts[i].text]
		var err error
		if merged[i], err = wire.MergeResults(nil, h, own, theirs[i], parts[i].lines, max(0, most-size+len(own))); err != nil {
			return wire.Errorf(wire.Internal, "the result cannot be merged: %v", err)
		}
		size += len(merged[i]) - len(own)
	}
	for i := range parts {
		e.results[parts[i].text] = merged[i]
	}
	e.size = size
	return nil
}

// sayFailed says in a result in bare form, which has no header, what has failed.
func (e *escalating) sayFailed() {
	if e.request.job.control.Full {
		return
	}
	failed := slices.DeleteFunc(slices.Clone(e.head.Escalated), func(s wire.Escalated) bool { return s.Error == nil })
	if len(failed) > 0 {
		b := e.results[0]
		b = append(b[:len(b)-1:len(b)-1], `,"escalated":`...)
		e.results[0] = append(wire.AppendEscalated(b, failed), '}')
	}
}

package worker

// Escalation: texts with matches go on to workers with more rules, and the answer merges the results
// of both.

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"trawl/edge/match"
	"trawl/edge/names"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker/results"
)

// Escalation says which texts with matches go on, and to which worker or rule set. With split: lines,
// each line counts as a text. Requests for want any are not escalated: the answer is known.
type Escalation struct {
	// Rules is a rule set of this worker: only matches of this rule set count. Empty: all rule sets.
	Rules string
	// Tags and Severities narrow the matches down to rules with any of the tags or severities. Both
	// empty: all matches count.
	Tags, Severities []string
	// To is the rule set to ask, as name or name@hash; default: default.
	To string
	// Worker is the only worker to ask; empty: any worker with To.
	Worker string
}

// escalation is an Escalation for a rule set of this worker.
type escalation struct {
	Escalation
	cache atomic.Pointer[triggerRules]
}

// triggerRules are the rules of a pack with matches that count for an escalation.
type triggerRules struct {
	pack    *match.Pack
	trigger []bool // by rule; nil: all rules
}

// escalationsOf returns the escalations of each rule set of o.
func escalationsOf(o *Options) map[string][]*escalation {
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

// checkEscalations refuses escalations of unknown rule sets, and circles of escalations.
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
	all := escalationsOf(o)
	next := func(set string) (steps []names.Step) {
		for _, e := range all[set] {
			to, _ := wire.SplitRules(e.To)
			if o.RuleSets.sets[to] != nil && (e.Worker == "" || e.Worker == o.Name) { // other workers' steps are unknown here
				steps = append(steps, names.Step{To: to})
			}
		}
		return steps
	}
	if circle, _ := names.Circle(slices.Sorted(maps.Keys(o.RuleSets.sets)), next); circle != nil {
		return fmt.Errorf("worker: texts would be sent on in a circle: %s; name the rule set that an escalation is for, or another one to ask", strings.Join(circle, " to "))
	}
	return nil
}

// triggers returns which rules of a pack count.
func (e *escalation) triggers(pack *match.Pack) *triggerRules {
	t := e.cache.Load()
	if t != nil && t.pack == pack {
		return t
	}
	t = &triggerRules{pack: pack}
	if len(e.Tags)+len(e.Severities) > 0 {
		t.trigger = make([]bool, pack.NumRules())
		for i := range t.trigger {
			meta := pack.Meta(i)
			t.trigger[i] = slices.Contains(e.Severities, meta.Severity) ||
				slices.ContainsFunc(meta.Tags, func(tag string) bool { return slices.Contains(e.Tags, tag) })
		}
	}
	e.cache.Store(t)
	return t
}

// escalationMarks collects the texts and lines to escalate, while a slot matches.
type escalationMarks struct {
	escalations []*escalation // of the rule set; nil: none
	list        []escalationMark
	want        wire.Want
	curText     int // index of the text of the latest line
	listed      int // lines so far in the result of curText
	scratch     match.Scratch
}

// escalationMark is a text or a line to escalate.
type escalationMark struct {
	escalation     int // index of the escalation
	text           int // index of the text
	line           int // index of the line in the result of the text
	offset, length int64
}

// begin prepares for a request.
func (m *escalationMarks) begin(escalations []*escalation, want wire.Want) {
	if m.escalations = escalations; want.Shape() == wire.ShapeAny {
		m.escalations = nil
	}
	m.list, m.want, m.curText = m.list[:0], want, -1
}

// markText marks text n of the request for each escalation triggered by the result r.
func (m *escalationMarks) markText(pack *match.Pack, stop func() bool, n int, text []byte, r *match.Result) {
	if m.escalations != nil {
		m.mark(pack, stop, text, r, escalationMark{text: n, length: int64(len(text))})
	}
}

// markLine is markText for line l of text n. Lines come in the order of the result.
func (m *escalationMarks) markLine(pack *match.Pack, stop func() bool, n int, line []byte, l *match.Line) {
	if m.escalations == nil {
		return
	}
	if m.curText != n {
		m.curText, m.listed = n, 0
	}
	m.mark(pack, stop, line, &l.Result, escalationMark{text: n, line: m.listed, offset: l.Offset, length: l.Length})
	m.listed++
}

func (m *escalationMarks) mark(pack *match.Pack, stop func() bool, text []byte, r *match.Result, mark escalationMark) {
	if !r.Any && r.Count == 0 && len(r.Matches) == 0 {
		return
	}
	for i, e := range m.escalations {
		if m.isTriggered(e.triggers(pack), stop, text, r) {
			mark.escalation = i
			m.list = append(m.list, mark)
		}
	}
}

// isTriggered reports whether a trigger rule matched in text. If the result does not list all
// matching rules, the text is scanned again.
func (m *escalationMarks) isTriggered(t *triggerRules, stop func() bool, text []byte, r *match.Result) bool {
	if t.trigger == nil {
		return true
	}
	has := func(r *match.Result) bool {
		return slices.ContainsFunc(r.Matches, func(m match.Match) bool { return t.trigger[m.Rule] })
	}
	if has(r) {
		return true
	}
	if m.want.Lists() && !m.want.Single() && !r.Truncated {
		return false
	}
	all := t.pack.Scan(&m.scratch, text, match.Query{Want: match.WantRules, Stop: stop})
	return has(&all)
}

// escalated is a request with marked texts, after matching. Results and marks are copies, because the
// slot goes on to other jobs.
type escalated struct {
	request     *Request
	escalations []*escalation
	marks       []escalationMark
	head        wire.AnswerHeader
	results     [][]byte
	size        int // of all results
}

// escalate returns finish for do: finish asks the other workers and answers the job.
func (s *slot) escalate(h wire.RequestHeader, head wire.AnswerHeader, texts zmtp.Message) (finish func()) {
	e := &escalated{
		request: s.newRequest(h, texts), escalations: s.marks.escalations, marks: slices.Clone(s.marks.list), head: head,
		results: splitFrames(nil, slices.Clone(s.result), s.ends), size: len(s.result),
	}
	return func() { e.request.run(e.run) }
}

// run asks for each escalation in turn and answers the request.
func (e *escalated) run(ctx context.Context) {
	for i, to := range e.escalations {
		parts := e.parts(i)
		if len(parts) == 0 {
			continue
		}
		said := wire.Escalated{To: to.To, Worker: to.Worker}
		a, err := e.call(ctx, to, parts)
		if err == nil {
			said.Worker, said.Rules, said.TookUS = a.Header.Worker, a.Header.Rules, a.Header.TookUS
			err = e.merge(parts, a.Results)
		}
		if err != nil {
			said.Error = wire.AsError(err)
		}
		e.head.Escalated = append(e.head.Escalated, said)
		if a != nil {
			e.head.Escalated = append(e.head.Escalated, a.Header.Escalated...) // further escalations of the other worker
		}
	}
	e.tellFailures()
	e.request.worker.succeed(e.request.execution, &e.request.Header, &e.head, e.results)
}

// part is a marked text, or the marked lines of a text.
type part struct {
	text  int // index of the text
	bytes []byte
	lines []int // indexes of the lines in the result of the text
}

// parts returns the texts and lines marked for an escalation.
func (e *escalated) parts(escalation int) (parts []part) {
	for _, m := range e.marks {
		if m.escalation != escalation {
			continue
		}
		text := e.request.Texts[m.text]
		if !e.request.Header.Lines {
			parts = append(parts, part{text: m.text, bytes: text})
			continue
		}
		if n := len(parts); n == 0 || parts[n-1].text != m.text {
			parts = append(parts, part{text: m.text})
		}
		p := &parts[len(parts)-1]
		p.bytes = append(append(p.bytes, text[m.offset:m.offset+m.length]...), '\n')
		p.lines = append(p.lines, m.line)
	}
	return parts
}

const (
	// A tenth of the remaining time of a request is reserved, within the bounds below: a late answer
	// of another worker must not make the answer of this worker late.
	minReserve = 100 * time.Millisecond
	maxReserve = time.Second
)

// call sends parts on and returns the answer.
func (e *escalated) call(ctx context.Context, to *escalation, parts []part) (*Answer, error) {
	h := e.request.Header
	h.Rules, h.Worker = to.To, to.Worker
	texts := make([][]byte, len(parts))
	for i := range parts {
		texts[i] = parts[i].bytes
	}
	left := remaining(ctx)
	reserve := min(max(left/10, minReserve), maxReserve, left/2)
	a, err := e.request.call(ctx, h, left-reserve, texts)
	if err == nil && len(a.Results) != len(parts) {
		return nil, wire.Errorf(wire.Internal, "%d results for %d texts", len(a.Results), len(parts))
	}
	return a, err
}

// merge merges the results of another worker into e.results: all of theirs, or nothing on an error.
func (e *escalated) merge(parts []part, theirs [][]byte) error {
	h, limit := &e.request.Header, int(e.request.worker.options.Limits.Answer)
	merged := make([][]byte, len(parts))
	size := e.size
	for i := range parts {
		own := e.results[parts[i].text]
		var err error
		if merged[i], err = results.Merge(nil, h, own, theirs[i], parts[i].lines, max(0, limit-size+len(own))); err != nil {
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

// tellFailures adds failed escalations to a result in bare form. In full form the header has them.
func (e *escalated) tellFailures() {
	if e.request.execution.control.Full {
		return
	}
	failed := slices.DeleteFunc(slices.Clone(e.head.Escalated), func(s wire.Escalated) bool { return s.Error == nil })
	if len(failed) > 0 {
		b := e.results[0]
		b = append(b[:len(b)-1:len(b)-1], `,"escalated":`...)
		e.results[0] = append(wire.AppendEscalated(b, failed), '}')
	}
}

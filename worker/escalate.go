package worker

import (
	"context"
	"slices"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker/results"
)

// flagging is how a slot notes which texts are sent on.
type flagging struct {
	entries []*escalation // of the rule set; nil: none
	flagged []flagged
	want    wire.Want
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
func (f *flagging) begin(entries []*escalation, want wire.Want) {
	if f.entries = entries; want.Shape() == wire.ShapeAny {
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
	if f.want.Lists() && !f.want.Single() && !r.Truncated {
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
		if merged[i], err = results.Merge(nil, h, own, theirs[i], parts[i].lines, max(0, most-size+len(own))); err != nil {
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

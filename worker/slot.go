package worker

// Slots: parsing, matching and answering a request.

import (
	"runtime/debug"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker/results"
)

// slot holds everything for matching, and works on a single job at a time. All buffers are used again
// for every job: a steady worker allocates little. The fields of the first group stay. The fields of
// the second group belong to the job of e and are void after reset.
type slot struct {
	worker  *worker
	scratch match.Scratch
	encoder results.Encoder
	tally   results.Tally // of the answer
	stop    func() bool   // s.isStopped, made once

	e      *execution
	took   time.Duration // time spent on the job
	set    *loadedSet    // the rule set of the job; nil: not known yet
	pack   *refPack      // of set; stays open until reset
	texts  [][]byte      // views of the message, while several texts are scanned together
	result []byte        // all result frames in a row
	ends   []int         // where each frame ends in result
	frames [][]byte      // the frames, as views of result
	marks  escalationMarks
}

func newSlot(w *worker) *slot {
	s := &slot{worker: w}
	s.stop = s.isStopped
	s.encoder.Stop, s.encoder.Tally = s.stop, &s.tally
	return s
}

// reset ends the slot's work on a job. Nothing of the job is kept.
func (s *slot) reset() {
	if s.pack != nil {
		s.set.release(s.pack)
	}
	s.e, s.set, s.pack = nil, nil, nil
}

// work does jobs until the queue is closed or has enough goroutines.
func (w *worker) work() {
	debug.SetPanicOnFault(true) // a pack can be a map of a file, see match.OpenMapped; do recovers
	var e execution
	defer e.replies.flush()
	for w.jobs.pop(&e) {
		if e.message.Size() > maxQuickJob {
			e.replies.flush()
		}
		s := e.slot
		s.e = &e
		finish := s.do()
		s.reset()
		e.replies.spend(s.took)
		if finish != nil { // may give the slot back, and end with another slot
			e.replies.flush()
			finish()
			e.replies.flush()
		}
		e.message.Release()
		if !w.jobs.done(&e) {
			return
		}
	}
}

// isStopped reports whether nobody waits for the answer any more.
func (s *slot) isStopped() bool {
	select {
	case <-s.e.conn.Done():
		return true
	default:
		return s.e.cancelled.Load() || !time.Now().Before(s.e.deadline)
	}
}

// do answers the job, or returns finish to answer the job: a handler, or an escalation. finish uses
// nothing of the slot. A fault of the matcher is answered, and affects no other job.
func (s *slot) do() (finish func()) {
	w, e, start := s.worker, s.e, time.Now()
	if w.traces {
		e.begun = start
		w.trace(&e.job, "request begun", "bytes", e.message.Size())
	}
	header := wire.NewRequestHeader()
	defer func() {
		s.took = time.Since(start)
		w.busyUS.Add(s.took.Microseconds())
		w.requests.Add(1)
		if fault := recover(); fault != nil {
			s.fault(&header, fault)
		}
	}()
	if s.isStopped() {
		w.fail(e, &header, wire.Errorf(wire.Deadline, "the deadline passed before the worker began"))
		return nil
	}
	texts := e.message
	if e.control.Full {
		var err error
		if header, err = wire.ParseRequestHeader(texts.Frame(0)); err != nil {
			w.fail(e, &header, wire.AsError(err))
			return nil
		}
		texts = texts.Tail(1)
		e.clientID = header.ID
	}
	if handler := w.options.Handle[header.Rules]; handler != nil {
		if header.Op != wire.OpMatch {
			w.fail(e, &header, wire.Errorf(wire.BadRequest, "a function of worker %q serves %q: it has no rules whose matches could be counted", w.options.Name, header.Rules))
			return nil
		}
		return s.handOver(handler, header, texts)
	}
	if s.set, s.pack = w.sets.find(header.Rules); s.pack == nil {
		w.fail(e, &header, wire.Errorf(wire.UnknownRules, "worker %q does not serve %q", w.options.Name, header.Rules))
		return nil
	}
	if header.Op == wire.OpRuleMatches {
		s.ruleMatches(&header)
		return nil
	}
	if err := s.match(s.pack.Pack, &header, texts); err != nil {
		s.tally.Take(nil)
		w.fail(e, &header, err)
		return nil
	}
	s.pack.matches.add(&s.tally)
	head := wire.AnswerHeader{Rules: s.pack.name, TookUS: time.Since(start).Microseconds()}
	if len(s.marks.list) > 0 {
		return s.escalate(header, head, texts)
	}
	s.frames = splitFrames(s.frames[:0], s.result, s.ends)
	w.succeed(e, &header, &head, s.frames)
	return nil
}

// splitFrames appends the frames in result to frames; ends has the end of each.
func splitFrames(frames [][]byte, result []byte, ends []int) [][]byte {
	start := 0
	for _, end := range ends {
		frames = append(frames, result[start:end:end])
		start = end
	}
	return frames
}

// fault answers the job after a panic. The half-used scratch memory of the matcher is thrown away.
func (s *slot) fault(h *wire.RequestHeader, fault any) {
	w := s.worker
	s.scratch = match.Scratch{}
	s.tally.Take(nil)
	if s.pack == nil || !s.pack.IsFault(fault) {
		w.options.Log.Error("fault while matching", "fault", fault, "stack", string(debug.Stack()))
		w.fail(s.e, h, wire.Errorf(wire.Internal, "fault on worker %q while matching; its log says more", w.options.Name))
		return
	}
	w.fail(s.e, h, wire.Errorf(wire.Internal, "the rules %q on worker %q cannot be read any more; it loads them again, so ask once more", s.set.name, w.options.Name))
	s.e.replies.flush()
	w.sets.replaceLost(s.set, s.pack.Pack)
}

// match scans all texts and leaves the result frames in s.result and s.ends.
func (s *slot) match(pack *match.Pack, h *wire.RequestHeader, texts zmtp.Message) *wire.Error {
	query := match.Query{Want: results.MatchWant(h.Want), Limit: h.Limit, Stop: s.stop}
	if !pack.Supports(query.Want) {
		return wire.Errorf(wire.BadRequest, "the engine %q cannot answer want %q; it answers rules and any", pack.Info().Engine, h.Want)
	}
	if h.Want == wire.WantMasked && len(s.worker.escalations[s.set.name]) > 0 {
		return wire.Errorf(wire.BadRequest, "rule set %q cannot mask: worker %q sends texts on to others (escalate), whose matches are not masked; ask for matches", s.set.name, s.worker.options.Name)
	}
	limits := &s.worker.options.Limits
	s.encoder.Reset(pack, h, int(limits.Answer))
	s.result, s.ends = s.result[:0], s.ends[:0]
	s.marks.begin(s.worker.escalations[s.set.name], h.Want)
	if h.Want == wire.WantMasked { // what limits leave out cannot be masked
		query.Limit, query.GivenUp = 0, true
	}
	if !h.Lines && texts.NumFrames() > 1 {
		query.Total = limits.Matches
		return s.matchTogether(pack, h.Want, query, texts)
	}
	left := int64(limits.Matches)
	for _, text := range texts.Frames() {
		if left <= 0 && h.Want.Limited() {
			s.appendCutLines()
			continue
		}
		query.Total = int(max(left, 0))
		found, err := s.matchText(pack, query, text, h.Lines)
		if err != nil {
			return err
		}
		left -= found
		s.worker.texts.Add(1)
		s.worker.bytes.Add(int64(len(text)))
		s.worker.matches.Add(found)
		s.ends = append(s.ends, len(s.result))
	}
	return nil
}

// matchTogether is match for several texts not split into lines: a single scan does all texts.
func (s *slot) matchTogether(pack *match.Pack, want wire.Want, q match.Query, texts zmtp.Message) *wire.Error {
	s.texts = s.texts[:0]
	defer func() { clear(s.texts) }() // the message is released
	for _, text := range texts.Frames() {
		s.texts = append(s.texts, text)
		s.worker.bytes.Add(int64(len(text)))
	}
	var none match.Result
	appendNone := func(upTo int) { // results of texts without a match
		for len(s.ends) < upTo {
			s.append(nil, &none)
		}
	}
	r := pack.ScanTexts(&s.scratch, s.texts, q, func(i int, r *match.Result) bool {
		appendNone(i)
		s.append(s.texts[i], r)
		return true
	})
	if r.Stopped || s.encoder.Stopped() {
		return errLate()
	}
	none.Truncated = want.Limited() && r.Count >= int64(q.Total)
	appendNone(len(s.texts))
	s.worker.texts.Add(int64(len(s.texts)))
	s.worker.matches.Add(r.Count)
	return nil
}

// append appends the result of a text.
func (s *slot) append(text []byte, r *match.Result) {
	s.marks.markText(s.pack.Pack, s.stop, len(s.ends), text, r)
	s.result = s.encoder.Text(s.result, text, r)
	s.ends = append(s.ends, len(s.result))
}

func errLate() *wire.Error {
	return wire.Errorf(wire.Deadline, "the deadline passed while the worker was matching")
}

// appendCutLines appends the result of a text split into lines after the limit of matches is used up.
func (s *slot) appendCutLines() {
	s.result = s.encoder.EndLines(s.encoder.BeginLines(s.result), &match.Result{Truncated: true})
	s.ends = append(s.ends, len(s.result))
}

// matchText scans a text and appends the result. found is the number of matches in the result.
func (s *slot) matchText(pack *match.Pack, q match.Query, text []byte, lines bool) (found int64, err *wire.Error) {
	var r match.Result
	if lines {
		s.result = s.encoder.BeginLines(s.result)
		r = pack.ScanLines(&s.scratch, text, q, func(l *match.Line) bool {
			line := text[l.Offset : l.Offset+l.Length]
			s.marks.markLine(pack, s.stop, len(s.ends), line, l)
			s.result = s.encoder.Line(s.result, line, l)
			return !s.encoder.Full()
		})
		r.Truncated = r.Truncated || s.encoder.Full()
		s.result = s.encoder.EndLines(s.result, &r)
	} else {
		r = pack.Scan(&s.scratch, text, q)
		s.marks.markText(pack, s.stop, len(s.ends), text, &r)
		s.result = s.encoder.Text(s.result, text, &r)
	}
	if r.Stopped || s.encoder.Stopped() {
		return 0, errLate()
	}
	return r.Count, nil
}

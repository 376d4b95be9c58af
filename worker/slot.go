package worker

import (
	"runtime/debug"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
	"trawl/worker/results"
)

// slot works on one request at a time. What it needs for that it keeps and
// uses again.
type slot struct {
	worker  *state
	scratch match.Scratch
	encoder results.Encoder
	tally   results.Tally // of the answer
	stop    func() bool   // asks stopped, made once

	job     job
	running *running // what the queue knows of it
	out     *replies // of the goroutine at work
	took    time.Duration
	set     *ruleSet // that the job asks for, once it is known
	served  *served  // and its pack, which stays open
	texts   [][]byte // of the request, if they are scanned together
	results []byte   // all result frames, one after the other
	ends    []int    // where each ends

	flagging // which texts are sent on to others
}

func newSlot(w *state) *slot {
	s := &slot{worker: w}
	s.stop = s.stopped
	s.encoder.Stop, s.encoder.Tally = s.stop, &s.tally
	return s
}

// work does jobs until the queue is closed, or has enough others for it.
func (w *state) work() {
	debug.SetPanicOnFault(true) // packs can be maps, see match.OpenMapped; do recovers
	var r running
	var out replies
	defer out.flush()
	for {
		j, ok := w.jobs.pop(&r, out.flush)
		if !ok {
			return
		}
		if j.message.Size() > heldSize {
			out.flush()
		}
		s := r.slot
		s.job, s.running, s.out = j, &r, &out
		then := s.do()
		if s.served != nil {
			s.set.release(s.served)
		}
		out.spent(s.took)
		s.job, s.set, s.served, s.running, s.out = job{}, nil, nil, nil, nil
		if then != nil { // it may leave its slot to others, and come back to another one
			out.flush()
			then()
		}
		j.message.Release()
		if !w.jobs.done(&r) {
			return
		}
	}
}

// stopped reports whether nobody waits for the answer any more.
func (s *slot) stopped() bool {
	select {
	case <-s.job.conn.Done():
		return true
	default:
		return s.running.cancelled.Load() || !time.Now().Before(s.job.deadline)
	}
}

// do answers s.job, or returns what does: a custom worker's handler, or asking others.
// A fault of the matcher's is answered as such and costs nobody else anything.
func (s *slot) do() (then func()) {
	w, start := s.worker, time.Now()
	if w.traces {
		s.job.begun = start
		w.trace(&s.job, "request begun", "bytes", s.job.message.Size())
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
	if s.stopped() {
		s.fail(&header, wire.Errorf(wire.Deadline, "the deadline passed before the worker began"))
		return nil
	}
	texts := s.job.message
	if s.job.control.Full {
		var err error
		if header, err = wire.ParseRequestHeader(texts.Frame(0)); err != nil {
			s.fail(&header, wire.AsError(err))
			return nil
		}
		texts = texts.Tail(1)
		s.job.clientID = header.ID
	}
	if handler := w.options.Handle[header.Rules]; handler != nil {
		if header.Op != wire.OpMatch {
			s.fail(&header, wire.Errorf(wire.BadRequest, "a function of worker %q serves %q: it has no rules whose matches could be counted", w.options.Name, header.Rules))
			return nil
		}
		return s.handOver(handler, header, texts)
	}
	if s.set, s.served = w.sets.find(header.Rules); s.served == nil {
		s.fail(&header, wire.Errorf(wire.UnknownRules, "worker %q does not serve %q", w.options.Name, header.Rules))
		return nil
	}
	if header.Op == wire.OpRuleMatches {
		s.ruleMatches(&header)
		return nil
	}
	if err := s.match(s.served.pack, &header, texts); err != nil {
		s.tally.Take(nil)
		s.fail(&header, err)
		return nil
	}
	s.served.matches.add(&s.tally)
	if len(s.flagged) > 0 {
		return s.escalate(header, texts, time.Since(start))
	}
	head := wire.AnswerHeader{
		ID: header.ID, HasID: header.HasID, Worker: w.options.Name,
		Rules: wire.RulesName(s.set.name, s.served.pack.Hash()), TookUS: time.Since(start).Microseconds(),
	}
	s.send(&head)
	return nil
}

// fault answers s.job after a panic. What the matcher left half done is
// thrown away.
func (s *slot) fault(h *wire.RequestHeader, fault any) {
	w := s.worker
	s.scratch = match.Scratch{}
	s.tally.Take(nil)
	if s.served == nil || !s.served.pack.IsFault(fault) {
		w.options.Log.Error("fault while matching", "fault", fault, "stack", string(debug.Stack()))
		s.fail(h, wire.Errorf(wire.Internal, "fault on worker %q while matching; its log says more", w.options.Name))
		return
	}
	s.fail(h, wire.Errorf(wire.Internal, "the rules %q on worker %q cannot be read any more; it loads them again, so ask once more", s.set.name, w.options.Name))
	s.out.flush()
	w.sets.replace(s.set, s.served.pack)
}

// match scans all texts and leaves their results in s.results.
func (s *slot) match(pack *match.Pack, h *wire.RequestHeader, texts zmtp.Message) *wire.Error {
	if !pack.Supports(results.MatchWant(h.Want)) {
		return wire.Errorf(wire.BadRequest, "the engine %q cannot answer want %q; it answers rules and any", pack.Info().Engine, h.Want)
	}
	if h.Want == wire.WantMasked && len(s.worker.escalate[s.set.name]) > 0 {
		return wire.Errorf(wire.BadRequest, "rule set %q cannot mask: worker %q sends texts on to others (escalate), whose matches are not masked; ask for matches", s.set.name, s.worker.options.Name)
	}
	limits := &s.worker.options.Limits
	s.encoder.Reset(pack, h, int(limits.Answer))
	s.results, s.ends = s.results[:0], s.ends[:0]
	s.begin(s.worker.escalate[s.set.name], h.Want)
	query := match.Query{Want: results.MatchWant(h.Want), Limit: h.Limit, Stop: s.stop}
	if h.Want == wire.WantMasked { // what limits leave out cannot be masked
		query.Limit, query.GivenUp = 0, true
	}
	if !h.Lines && texts.NumFrames() > 1 {
		query.Total = limits.Matches
		return s.batch(pack, h.Want, query, texts)
	}
	left := int64(limits.Matches)
	for _, text := range texts.Frames() {
		if left <= 0 && h.Want.Limited() {
			s.cutLines()
			continue
		}
		query.Total = int(max(left, 0))
		found, err := s.text(pack, query, text, h.Lines)
		if err != nil {
			return err
		}
		left -= found
		s.worker.texts.Add(1)
		s.worker.bytes.Add(int64(len(text)))
		s.worker.matches.Add(found)
		s.ends = append(s.ends, len(s.results))
	}
	return nil
}

// batch is match for several texts that are not cut into lines: they are scanned
// together.
func (s *slot) batch(pack *match.Pack, want wire.Want, q match.Query, texts zmtp.Message) *wire.Error {
	s.texts = s.texts[:0]
	defer func() { clear(s.texts) }() // the message is given back
	for _, text := range texts.Frames() {
		s.texts = append(s.texts, text)
		s.worker.bytes.Add(int64(len(text)))
	}
	var none match.Result
	pass := func(to int) { // texts without a match
		for len(s.ends) < to {
			s.append(nil, &none)
		}
	}
	r := pack.ScanTexts(&s.scratch, s.texts, q, func(i int, r *match.Result) bool {
		pass(i)
		s.append(s.texts[i], r)
		return true
	})
	if r.Stopped || s.encoder.Stopped() {
		return errLate()
	}
	none.Truncated = want.Limited() && r.Count >= int64(q.Total)
	pass(len(s.texts))
	s.worker.texts.Add(int64(len(s.texts)))
	s.worker.matches.Add(r.Count)
	return nil
}

// append appends the result of a text.
func (s *slot) append(text []byte, r *match.Result) {
	if s.entries != nil {
		s.flag(s.served.pack, s.stop, len(s.ends), text, r, nil)
	}
	s.results = s.encoder.Text(s.results, text, r)
	s.ends = append(s.ends, len(s.results))
}

func errLate() *wire.Error {
	return wire.Errorf(wire.Deadline, "the deadline passed while the worker was matching")
}

// cutLines appends the result of a text cut into lines for which no match is left in
// the limit.
func (s *slot) cutLines() {
	s.results = s.encoder.EndLines(s.encoder.BeginLines(s.results), &match.Result{Truncated: true})
	s.ends = append(s.ends, len(s.results))
}

// text scans one text and appends its result. It returns how many matches it
// holds.
func (s *slot) text(pack *match.Pack, q match.Query, text []byte, lines bool) (found int64, err *wire.Error) {
	var r match.Result
	if lines {
		s.results = s.encoder.BeginLines(s.results)
		r = pack.ScanLines(&s.scratch, text, q, func(l *match.Line) bool {
			line := text[l.Offset : l.Offset+l.Length]
			if s.entries != nil {
				s.flag(pack, s.stop, len(s.ends), line, &l.Result, l)
			}
			s.results = s.encoder.Line(s.results, line, l)
			return !s.encoder.Full()
		})
		r.Truncated = r.Truncated || s.encoder.Full()
		s.results = s.encoder.EndLines(s.results, &r)
	} else {
		r = pack.Scan(&s.scratch, text, q)
		if s.entries != nil {
			s.flag(pack, s.stop, len(s.ends), text, &r, nil)
		}
		s.results = s.encoder.Text(s.results, text, &r)
	}
	if r.Stopped || s.encoder.Stopped() {
		return 0, errLate()
	}
	return r.Count, nil
}

// send sends s.results as the answer to s.job.
func (s *slot) send(head *wire.AnswerHeader) {
	b := zmtp.NewBuilder(len(s.results) + 256)
	if s.job.control.Full {
		b.AppendFrame(head.Append(nil))
	}
	start := 0
	for _, end := range s.ends {
		b.AppendFrame(s.results[start:end])
		start = end
	}
	s.reply(false, b.Message())
}

// fail answers s.job with an error.
func (s *slot) fail(h *wire.RequestHeader, err *wire.Error) {
	s.worker.failed.Add(1)
	s.reply(true, wire.ErrorAnswer(h, err))
}

// reply queues the answer to s.job; s.out sees to it that it is written.
func (s *slot) reply(failed bool, m zmtp.Message) {
	s.worker.queueReply(&s.job, failed, m)
	s.out.add(s.job.conn)
}

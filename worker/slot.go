package worker

import (
	"fmt"
	"runtime/debug"
	"time"

	"trawl/edge/match"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// slot works on one request at a time. What it needs for that it keeps and
// uses again.
type slot struct {
	worker  *state
	scratch match.Scratch
	encoder wire.Encoder
	stop    func() bool // asks stopped, made once

	job     job
	running running  // what the queue knows of it
	set     *ruleSet // that the job asks for, once it is known
	served  *served  // and its pack, which stays open
	texts   [][]byte // of the request, if they are scanned together
	results []byte   // all result frames, one after the other
	ends    []int    // where each ends
}

func newSlot(w *state) *slot {
	s := &slot{worker: w}
	s.stop = s.stopped
	return s
}

// run does jobs until the queue is closed.
func (s *slot) run() {
	debug.SetPanicOnFault(true) // packs can be maps, see match.OpenMapped; do recovers
	for {
		j, ok := s.worker.jobs.pop(&s.running)
		if !ok {
			return
		}
		s.job = j
		s.do()
		j.message.Release()
		if s.served != nil {
			s.set.release(s.served)
		}
		s.job, s.set, s.served = job{}, nil, nil
		s.worker.jobs.done(&s.running)
	}
}

// stopped reports whether nobody waits for the answer any more.
func (s *slot) stopped() bool {
	select {
	case <-s.job.conn.Done():
		return true
	default:
		return s.running.abandoned.Load() || !time.Now().Before(s.job.deadline)
	}
}

// do answers s.job. A fault of the matcher's is answered as such and costs
// nobody else anything.
func (s *slot) do() {
	w, start := s.worker, time.Now()
	header := wire.NewRequestHeader()
	defer func() {
		w.busyUS.Add(time.Since(start).Microseconds())
		w.requests.Add(1)
		if fault := recover(); fault != nil {
			s.fault(&header, fault)
		}
	}()
	if s.stopped() {
		s.fail(&header, wire.Errorf(wire.Deadline, "the deadline passed before the worker began"))
		return
	}
	texts := s.job.message
	if s.job.control.Full {
		var err error
		if header, err = wire.ParseRequestHeader(texts.Frame(0)); err != nil {
			s.fail(&header, wire.AsError(err))
			return
		}
		texts = texts.Tail(1)
	}
	if s.set, s.served = w.sets.find(header.Rules); s.served == nil {
		s.fail(&header, wire.Errorf(wire.UnknownRules, "worker %q does not serve %q", w.options.Name, header.Rules))
		return
	}
	if err := s.match(s.served.pack, &header, texts); err != nil {
		s.fail(&header, err)
		return
	}
	head := wire.AnswerHeader{
		ID: header.ID, HasID: header.HasID, Worker: w.options.Name,
		Rules: wire.RulesName(s.set.name, s.served.pack.Hash()), TookUS: time.Since(start).Microseconds(),
	}
	s.send(&head)
}

// fault answers s.job after a panic. What the matcher left half done is
// thrown away.
func (s *slot) fault(h *wire.RequestHeader, fault any) {
	w := s.worker
	s.scratch = match.Scratch{}
	if s.served == nil || !s.served.pack.IsFault(fault) {
		w.options.Log.Error("fault while matching", "fault", fault, "stack", string(debug.Stack()))
		s.fail(h, wire.Errorf(wire.Internal, "fault on worker %q while matching; its log says more", w.options.Name))
		return
	}
	s.fail(h, wire.Errorf(wire.Internal, "the rules %q on worker %q cannot be read any more; it loads them again, so ask once more", s.set.name, w.options.Name))
	w.sets.replace(s.set, s.served.pack)
}

// match scans all texts and leaves their results in s.results.
func (s *slot) match(pack *match.Pack, h *wire.RequestHeader, texts zmtp.Message) *wire.Error {
	if !pack.Supports(h.Want) {
		return wire.Errorf(wire.BadRequest, "the engine %q cannot answer want %q; it answers rules and any", pack.Info().Engine, h.Want)
	}
	limits := &s.worker.options.Limits
	s.encoder.Reset(pack, h, int(limits.Answer))
	s.results, s.ends = s.results[:0], s.ends[:0]
	query := match.Query{Want: h.Want, Limit: h.Limit, Stop: s.stop}
	if !h.Lines && texts.NumFrames() > 1 {
		query.Total = limits.Matches
		return s.batch(pack, query, texts)
	}
	left := int64(limits.Matches)
	for _, text := range texts.Frames() {
		if left <= 0 && listed(h.Want) {
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
func (s *slot) batch(pack *match.Pack, q match.Query, texts zmtp.Message) *wire.Error {
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
	if r.Stopped {
		return errLate()
	}
	none.Truncated = listed(q.Want) && r.Count >= int64(q.Total)
	pass(len(s.texts))
	s.worker.texts.Add(int64(len(s.texts)))
	s.worker.matches.Add(r.Count)
	return nil
}

// append appends the result of a text.
func (s *slot) append(text []byte, r *match.Result) {
	s.results = s.encoder.Text(s.results, text, r)
	s.ends = append(s.ends, len(s.results))
}

func errLate() *wire.Error {
	return wire.Errorf(wire.Deadline, "the deadline passed while the worker was matching")
}

// listed reports whether a result lists matches or rules, which is what
// Limits.Matches bounds.
func listed(w match.Want) bool { return w != match.WantCount && w != match.WantAny }

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
			s.results = s.encoder.Line(s.results, text[l.Offset:l.Offset+l.Length], l)
			return !s.encoder.Full()
		})
		r.Truncated = r.Truncated || s.encoder.Full()
		s.results = s.encoder.EndLines(s.results, &r)
	} else {
		r = pack.Scan(&s.scratch, text, q)
		s.results = s.encoder.Text(s.results, text, &r)
	}
	if r.Stopped {
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

// reply sends an answer to the broker that asked. One that is gone has given
// the request to another worker.
func (s *slot) reply(failed bool, m zmtp.Message) {
	control := wire.ReplyControl{Number: s.job.control.Number, Failed: failed}
	var frame [32]byte
	if err := s.job.conn.Send(zmtp.AppendFrame(nil, control.Append(frame[:0]), true), m); err != nil {
		s.worker.options.Log.Debug("answer not sent", "error", fmt.Sprint(err))
	}
}

package worker

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Handler answers the requests for one rule set of a custom worker (Options.Handle).
// It is called on a slot, so as many calls run at once as the worker has slots, and
// more while others wait for what they have asked.
//
// ctx ends at the request's deadline, and as soon as nobody waits for the answer:
// return then, as Run waits for every handler. An error that is a *wire.Error reaches the
// client as it is, another one with the code internal; a panic is logged, and
// costs this request only. Work may be given out twice, after a worker was lost or
// seemed to be; where that is not harmless, say so to the broker (`idempotent: false` in
// broker.rule_sets).
type Handler func(ctx context.Context, r *Request) (*Answer, error)

// Request is what a Handler is to answer.
type Request struct {
	// Header is the client's; defaults, if the request came without one.
	Header wire.RequestHeader
	// Texts are views, valid until the handler returns.
	Texts [][]byte
	// Hops is how many workers have passed the request on; 0: a client asks.
	Hops int

	worker  *state
	job     job
	running *running
	ctx     context.Context

	mu     sync.Mutex
	asking int           // calls of Ask that wait
	ended  bool          // the handler has returned
	since  time.Time     // when the first of them began to
	waited time.Duration // all together, without a slot
}

// Answer is what a Handler returns, or what Ask brings.
type Answer struct {
	// Results has a frame for each text, in the order of the texts. Clients of trawl
	// expect JSON as PROTOCOL.md describes it; other clients, what you tell them.
	Results [][]byte
	// Header says who answered, of an answer that Ask brings. What a handler
	// returns needs none: the worker writes it, but for Escalated.
	Header wire.AnswerHeader
}

// ToRules returns the header of a question to any worker that serves a rule set,
// ToWorker that of a question to one worker, in its rule set default. Change what it
// says of want, limit, fields, split, format or rules as you like.
func ToRules(name string) wire.RequestHeader {
	h := wire.NewRequestHeader()
	h.Rules = name
	return h
}

// ToWorker: see ToRules.
func ToWorker(name string) wire.RequestHeader {
	h := wire.NewRequestHeader()
	h.Worker = name
	return h
}

// Ask asks others through the broker that r came from, and waits for the answer. Any
// rule set or worker will do, this one too: meanwhile r takes no slot, neither here
// nor in the broker's accounts, so workers that ask each other do not get in each
// other's way. r.Ask(ctx, r.Header, …) with another Rules or Worker passes r on.
//
// There is as much time as ctx has, which should be the handler's or be made of
// it; the header's id, deadline and priority do not matter. What the broker or the other
// worker says no with is a *wire.Error, with the codes that clients get; too_many_hops
// ends workers that ask in a circle. When the handler returns, so does Ask, and what was
// asked is dropped. Several goroutines may ask at once; r has its slot back when all
// have their answers, which are theirs to keep.
func (r *Request) Ask(ctx context.Context, h wire.RequestHeader, texts ...[]byte) (*Answer, error) {
	until, _ := r.ctx.Deadline()
	ctx, stop := context.WithDeadline(ctx, until)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ctx, func() { cancel(context.Cause(r.ctx)) })()
	return r.ask(ctx, h, remaining(ctx), texts)
}

// ask is Ask with a time for the others, which may be less than ctx has.
func (r *Request) ask(ctx context.Context, h wire.RequestHeader, within time.Duration, texts [][]byte) (*Answer, error) {
	if len(texts) == 0 {
		return nil, wire.Errorf(wire.BadRequest, "a question needs a text")
	}
	session := r.job.session
	if session.hops.Load() == 0 {
		return nil, wire.Errorf(wire.BadRequest, "the broker is of a version that lets workers ask nothing; update it")
	}
	h.ID, h.HasID, h.Op = "", false, wire.OpMatch
	h.Deadline = min(max(within, time.Millisecond), wire.MaxDeadline)
	if !r.wait() {
		return nil, errReturned
	}
	a, err := session.ask(ctx, r.job.control.Number, &h, texts)
	if !r.goOn() && err == nil {
		return nil, errReturned
	}
	return a, err
}

var errReturned = wire.Errorf(wire.Deadline, "the request was answered, or the worker has stopped, so there is nothing to ask any more")

// wait gives the slot back, if no other call of Ask has; false: it is too late.
func (r *Request) wait() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.ctx.Err() != nil {
		return false
	}
	if r.asking++; r.asking == 1 {
		r.since = time.Now()
		r.worker.jobs.wait(r.running)
	}
	return true
}

// goOn takes a slot again, if no other call of Ask waits; false: there is none to be
// had any more.
func (r *Request) goOn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking--; r.ended || r.asking > 0 {
		return !r.ended
	}
	ok := r.worker.jobs.resume(r.running)
	r.waited += time.Since(r.since)
	return ok
}

// handOver returns the call of a handler for s.job. It does not need s any more, as the
// handler may leave its slot to others.
func (s *slot) handOver(handler Handler, h wire.RequestHeader, texts zmtp.Message) (then func()) {
	r := s.request(h)
	for _, text := range texts.Frames() {
		r.Texts = append(r.Texts, text)
	}
	return func() {
		r.run(func(ctx context.Context) {
			a, err := handler(ctx, r)
			r.answer(a, err)
		})
	}
}

func (s *slot) request(h wire.RequestHeader) *Request {
	return &Request{Header: h, Hops: int(s.job.control.Hops), worker: s.worker, job: s.job, running: s.running}
}

// run calls f, which answers r.
func (r *Request) run(f func(ctx context.Context)) {
	w, start := r.worker, time.Now()
	ctx, cancel := context.WithDeadline(r.job.session.ctx, r.job.deadline)
	r.ctx = ctx
	w.jobs.onCancelled(r.running, cancel)
	defer func() {
		fault := recover()
		cancel()
		if fault != nil {
			w.options.Log.Error("fault while answering", "fault", fault, "stack", string(debug.Stack()))
			w.fail(&r.job, &r.Header, wire.Errorf(wire.Internal, "fault on worker %q while answering; its log says more", w.options.Name))
		}
		r.mu.Lock()
		if r.ended = true; r.asking > 0 {
			r.waited += time.Since(r.since)
		}
		w.busyUS.Add((time.Since(start) - r.waited).Microseconds())
		r.mu.Unlock()
	}()
	f(ctx)
}

// answer sends what a handler has returned.
func (r *Request) answer(a *Answer, err error) {
	w := r.worker
	size := 0
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		err = wire.Errorf(wire.Deadline, "the deadline passed while worker %q worked on the request, or nobody waits for it", w.options.Name)
	case err != nil:
	case a == nil || len(a.Results) != len(r.Texts):
		n := 0
		if a != nil {
			n = len(a.Results)
		}
		err = wire.Errorf(wire.Internal, "the handler of worker %q returned %d results for %d texts", w.options.Name, n, len(r.Texts))
	default:
		for _, result := range a.Results {
			size += len(result)
		}
		if most := w.options.Limits.Answer; int64(size) > most {
			err = wire.Errorf(wire.TooLarge, "the answer has %d bytes, this worker's limits.answer allows %d; ask for less at once", size, most)
		}
	}
	if err != nil {
		w.fail(&r.job, &r.Header, wire.AsError(err))
		return
	}
	for _, text := range r.Texts {
		w.bytes.Add(int64(len(text)))
	}
	w.texts.Add(int64(len(r.Texts)))
	r.send(&wire.AnswerHeader{Rules: r.Header.Rules, Escalated: a.Header.Escalated}, a.Results)
}

// send answers r; the header is completed.
func (r *Request) send(head *wire.AnswerHeader, results [][]byte) {
	head.ID, head.HasID, head.Worker = r.Header.ID, r.Header.HasID, r.worker.options.Name
	b := zmtp.NewBuilder(256)
	if r.job.control.Full {
		b.AppendFrame(head.Append(nil))
	}
	for _, result := range results {
		b.AppendFrame(result)
	}
	r.worker.reply(&r.job, false, b.Message())
}

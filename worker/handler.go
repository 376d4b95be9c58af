package worker

// Handlers: functions in place of packs, and their sub-requests.

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// Handler answers the requests for a rule set of a custom worker (Options.Handle). As many calls run
// at once as the worker has slots, and more while calls wait for sub-requests.
//
// ctx ends at the request's deadline, and as soon as nobody waits for the answer. A handler must
// return then, because Run waits for all handlers. A *wire.Error reaches the client unchanged, any
// other error with the code internal. A panic is logged and costs this request only. A request may
// be handled twice, after a worker was lost or seemed lost. If handling twice does harm, tell the
// broker (`idempotent: false` in broker.rule_sets).
type Handler func(ctx context.Context, r *Request) (*Answer, error)

// Request is a request for a Handler.
type Request struct {
	// Header is the client's; a request in bare form has the defaults.
	Header wire.RequestHeader
	// Texts are views, valid until the handler returns.
	Texts [][]byte
	// Hops is how many workers have passed the request on; 0: a client asks.
	Hops int

	worker    *worker
	execution *execution // belongs to the goroutine of run; not used by Ask once ended is true
	session   *session
	number    uint64 // of the dispatch
	ctx       context.Context

	mu    sync.Mutex
	calls int           // open sub-requests
	ended bool          // the handler has returned
	since time.Time     // when calls rose above 0
	idle  time.Duration // time without a slot
}

// Answer is the result of a Handler and of Ask.
type Answer struct {
	// Results has a frame for each text, in the order of the texts. Clients of trawl expect the JSON
	// described in PROTOCOL.md; for clients of your own, choose any form.
	Results [][]byte
	// Header says who answered, in an Answer of Ask. In an Answer of a Handler only Escalated is
	// used; the worker writes the rest.
	Header wire.AnswerHeader
}

// ToRules returns the header of a sub-request to any worker with the rule set called name. Want,
// limit, fields, split and format can be changed freely.
func ToRules(name string) wire.RequestHeader {
	h := wire.NewRequestHeader()
	h.Rules = name
	return h
}

// ToWorker returns the header of a sub-request to the worker called name, for the rule set default.
// Rules, want, limit, fields, split and format can be changed freely.
func ToWorker(name string) wire.RequestHeader {
	h := wire.NewRequestHeader()
	h.Worker = name
	return h
}

// Ask sends a sub-request through the broker of r, and waits for the answer. The sub-request can be
// for any rule set or worker, including this worker: while r waits, r takes no slot, neither here nor
// in the broker's accounts. Workers asking each other do not block each other. To pass r on, call
// r.Ask(ctx, r.Header, …) with other Rules or another Worker.
//
// A sub-request has as much time as ctx. Derive ctx from the handler's. The id, deadline and priority
// of h do not matter. Refusals by the broker or the other worker are *wire.Errors with the codes for
// clients; too_many_hops ends circles of workers. When the handler returns, sub-requests are
// cancelled, and Ask returns, too. Several goroutines may call Ask at once: r gets a slot again after
// the last answer. An Answer belongs to the caller.
func (r *Request) Ask(ctx context.Context, h wire.RequestHeader, texts ...[]byte) (*Answer, error) {
	until, _ := r.ctx.Deadline()
	ctx, stop := context.WithDeadline(ctx, until)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ctx, func() { cancel(context.Cause(r.ctx)) })()
	return r.call(ctx, h, remaining(ctx), texts)
}

// call is Ask with a time limit for the sub-request, perhaps shorter than the time of ctx.
func (r *Request) call(ctx context.Context, h wire.RequestHeader, within time.Duration, texts [][]byte) (*Answer, error) {
	if len(texts) == 0 {
		return nil, wire.Errorf(wire.BadRequest, "a question needs a text")
	}
	if r.session.hops.Load() == 0 {
		return nil, wire.Errorf(wire.BadRequest, "the broker is of a version that lets workers ask nothing; update it")
	}
	h.ID, h.HasID, h.Op = "", false, wire.OpMatch
	h.Deadline = min(max(within, time.Millisecond), wire.MaxDeadline)
	if !r.giveSlotBack() {
		return nil, errReturned
	}
	a, err := r.session.call(ctx, r.number, &h, texts)
	if !r.takeSlotAgain() && err == nil {
		return nil, errReturned
	}
	return a, err
}

var errReturned = wire.Errorf(wire.Deadline, "the request was answered, or the worker has stopped, so there is nothing to ask any more")

// giveSlotBack begins a call, and gives the slot back for the first open call. The result is false
// if the handler has returned or ctx has ended.
func (r *Request) giveSlotBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.ctx.Err() != nil {
		return false
	}
	if r.calls++; r.calls == 1 {
		r.since = time.Now()
		r.worker.jobs.wait(r.execution)
	}
	return true
}

// takeSlotAgain ends a call, and waits for a slot after the last open call. The result is false if
// the handler has returned or the queue is closed.
func (r *Request) takeSlotAgain() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls--; r.ended || r.calls > 0 {
		return !r.ended
	}
	ok := r.worker.jobs.resume(r.execution)
	r.idle += time.Since(r.since)
	return ok
}

// handOver returns finish for do: finish calls a handler and answers the job.
func (s *slot) handOver(handler Handler, h wire.RequestHeader, texts zmtp.Message) (finish func()) {
	r := s.newRequest(h, texts)
	return func() {
		r.run(func(ctx context.Context) {
			a, err := handler(ctx, r)
			r.answer(a, err)
		})
	}
}

// newRequest makes a Request of the job. A Request uses nothing of the slot.
func (s *slot) newRequest(h wire.RequestHeader, texts zmtp.Message) *Request {
	r := &Request{
		Header: h, Hops: int(s.e.control.Hops), worker: s.worker,
		execution: s.e, session: s.e.session, number: s.e.control.Number,
	}
	for _, text := range texts.Frames() {
		r.Texts = append(r.Texts, text)
	}
	return r
}

// run calls f, and f answers r. A panic of f is answered here.
func (r *Request) run(f func(ctx context.Context)) {
	w, start := r.worker, time.Now()
	ctx, cancel := context.WithDeadline(r.session.ctx, r.execution.deadline)
	r.ctx = ctx
	w.jobs.onCancelled(r.execution, cancel)
	defer func() {
		fault := recover()
		cancel()
		if fault != nil {
			w.options.Log.Error("fault while answering", "fault", fault, "stack", string(debug.Stack()))
			w.fail(r.execution, &r.Header, wire.Errorf(wire.Internal, "fault on worker %q while answering; its log says more", w.options.Name))
		}
		r.mu.Lock()
		if r.ended = true; r.calls > 0 {
			r.idle += time.Since(r.since)
		}
		w.busyUS.Add((time.Since(start) - r.idle).Microseconds())
		r.mu.Unlock()
	}()
	f(ctx)
}

// answer answers r with the result of a handler.
func (r *Request) answer(a *Answer, err error) {
	w := r.worker
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = wire.Errorf(wire.Deadline, "the deadline passed while worker %q worked on the request, or nobody waits for it", w.options.Name)
	}
	if err == nil {
		err = r.check(a)
	}
	if err != nil {
		w.fail(r.execution, &r.Header, wire.AsError(err))
		return
	}
	for _, text := range r.Texts {
		w.bytes.Add(int64(len(text)))
	}
	w.texts.Add(int64(len(r.Texts)))
	w.succeed(r.execution, &r.Header, &wire.AnswerHeader{Rules: r.Header.Rules, Escalated: a.Header.Escalated}, a.Results)
}

// check refuses answers with too few or too many results, or with more bytes than limits.answer.
func (r *Request) check(a *Answer) error {
	w, n, size := r.worker, 0, int64(0)
	if a != nil {
		n = len(a.Results)
		for _, result := range a.Results {
			size += int64(len(result))
		}
	}
	if a == nil || n != len(r.Texts) {
		return wire.Errorf(wire.Internal, "the handler of worker %q returned %d results for %d texts", w.options.Name, n, len(r.Texts))
	}
	if limit := w.options.Limits.Answer; size > limit {
		return wire.Errorf(wire.TooLarge, "the answer has %d bytes, this worker's limits.answer allows %d; ask for less at once", size, limit)
	}
	return nil
}

package worker

// Sessions: open sub-requests on a connection to a broker.

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// session is a connection to a broker, from hello to end. Safe for concurrent use.
type session struct {
	conn *zmtp.Conn
	ctx  context.Context // ends with the connection
	end  context.CancelFunc
	hops atomic.Int64 // from the broker's welcome; 0: the broker takes no sub-requests

	mu    sync.Mutex
	last  uint64                    // number of the latest sub-request
	calls map[uint64]chan<- outcome // open sub-requests by number; channels of capacity 1
}

// outcome is how a sub-request ended.
type outcome struct {
	answer *Answer
	err    error
}

func newSession(ctx context.Context, conn *zmtp.Conn) *session {
	s := &session{conn: conn, calls: make(map[uint64]chan<- outcome)}
	s.ctx, s.end = context.WithCancel(ctx)
	return s
}

// call sends a sub-request; parent is the number of the parent's dispatch. call returns with the
// answer, or with an error when ctx or the connection ends.
func (s *session) call(ctx context.Context, parent uint64, h *wire.RequestHeader, texts [][]byte) (*Answer, error) {
	arrived := make(chan outcome, 1)
	s.mu.Lock()
	s.last++
	number := s.last
	s.calls[number] = arrived
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.calls, number)
		s.mu.Unlock()
	}()
	size := 256 // for the header
	for _, text := range texts {
		size += len(text) + 16
	}
	b := zmtp.NewBuilder(size)
	b.AppendFrame(h.Append(nil))
	for _, text := range texts {
		b.AppendFrame(text)
	}
	control := wire.SubRequestControl{Number: number, Parent: parent}
	if err := s.conn.Send(zmtp.AppendFrame(nil, control.Append(nil), true), b.Message()); err != nil {
		return nil, wire.Errorf(wire.NoWorker, "the connection to the broker ended: %v", err)
	}
	select {
	case o := <-arrived:
		return o.answer, o.err
	case <-ctx.Done():
	}
	if s.ctx.Err() != nil {
		return nil, wire.Errorf(wire.NoWorker, "the connection to the broker ended")
	}
	if context.Cause(ctx) == context.DeadlineExceeded {
		return nil, wire.Errorf(wire.Deadline, "no answer to what this worker asked within the time there was")
	}
	return nil, context.Cause(ctx)
}

// deliver hands the answer m to the call of a sub-request, if the call still waits. The caller owns m,
// a message with control frame.
func (s *session) deliver(number uint64, m zmtp.Message) {
	s.mu.Lock()
	to := s.calls[number]
	delete(s.calls, number)
	s.mu.Unlock()
	if to != nil {
		to <- readOutcome(m)
	}
}

// readOutcome copies an answer out of m, a message with control frame.
func readOutcome(m zmtp.Message) outcome {
	head, err := wire.ParseAnswerHeader(m.Frame(1))
	switch {
	case err != nil:
		return outcome{err: wire.Errorf(wire.Internal, "unreadable answer: %v", err)}
	case head.Error != nil:
		return outcome{err: head.Error}
	}
	a := &Answer{Header: head}
	for i, frame := range m.Frames() {
		if i > 1 {
			a.Results = append(a.Results, append([]byte(nil), frame...))
		}
	}
	return outcome{answer: a}
}

// remaining returns the time until ctx's deadline, in whole milliseconds, at least 1 ms.
func remaining(ctx context.Context) time.Duration {
	until, _ := ctx.Deadline()
	return max(time.Millisecond, time.Until(until).Truncate(time.Millisecond))
}

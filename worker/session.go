package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// session is one connection to a broker, from hello to its end, and what is asked
// over it.
type session struct {
	conn *zmtp.Conn
	ctx  context.Context // ends with the connection
	end  context.CancelFunc
	hops atomic.Int64 // as the broker's welcome says; 0: it takes no questions

	mu   sync.Mutex
	last uint64                         // number of the last question
	open map[uint64]chan<- nestedAnswer // by number; each takes one
}

type nestedAnswer struct {
	answer *Answer
	err    error
}

func newSession(ctx context.Context, conn *zmtp.Conn) *session {
	s := &session{conn: conn, open: make(map[uint64]chan<- nestedAnswer)}
	s.ctx, s.end = context.WithCancel(ctx)
	return s
}

// ask asks for the sake of the request that has come under a number, and waits until
// the answer is there, ctx or the connection ends.
func (s *session) ask(ctx context.Context, under uint64, h *wire.RequestHeader, texts [][]byte) (*Answer, error) {
	arrived := make(chan nestedAnswer, 1)
	s.mu.Lock()
	s.last++
	number := s.last
	s.open[number] = arrived
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.open, number)
		s.mu.Unlock()
	}()
	size := 256
	for _, text := range texts {
		size += len(text) + 16
	}
	b := zmtp.NewBuilder(size)
	b.AppendFrame(h.Append(nil))
	for _, text := range texts {
		b.AppendFrame(text)
	}
	control := wire.AskControl{Number: number, For: under}
	if err := s.conn.Send(zmtp.AppendFrame(nil, control.Append(nil), true), b.Message()); err != nil {
		return nil, wire.Errorf(wire.NoWorker, "the connection to the broker ended: %v", err)
	}
	select {
	case got := <-arrived:
		return got.answer, got.err
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

// answered hands an answer to whoever waits for it. m, whole, stays the caller's.
func (s *session) answered(number uint64, m zmtp.Message) {
	s.mu.Lock()
	to := s.open[number]
	delete(s.open, number)
	s.mu.Unlock()
	if to != nil { // else nobody waits any more
		to <- readAnswer(m)
	}
}

// readAnswer copies an answer out of m, whose first frame is not part of it.
func readAnswer(m zmtp.Message) nestedAnswer {
	head, err := wire.ParseAnswerHeader(m.Frame(1))
	switch {
	case err != nil:
		return nestedAnswer{err: wire.Errorf(wire.Internal, "unreadable answer: %v", err)}
	case head.Error != nil:
		return nestedAnswer{err: head.Error}
	}
	a := &Answer{Header: head}
	for i, frame := range m.Frames() {
		if i > 1 {
			a.Results = append(a.Results, append([]byte(nil), frame...))
		}
	}
	return nestedAnswer{answer: a}
}

// remaining is how long until ctx's deadline, in whole milliseconds, at least one.
func remaining(ctx context.Context) time.Duration {
	until, _ := ctx.Deadline()
	return max(time.Millisecond, time.Until(until).Truncate(time.Millisecond))
}

package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// reclaimOf returns a control frame that names dispatches.
func reclaimOf(kind wire.Kind, numbers ...uint64) []byte {
	frame := wire.BeginReclaim(nil, kind)
	for _, n := range numbers {
		frame = wire.AppendDispatch(frame, n)
	}
	return frame
}

func TestReclaimTakesWhatNoSlotHasBegun(t *testing.T) {
	q := newQueue()
	q.open([]*slot{{}}, func() {})
	defer q.close()
	mine, others := new(zmtp.Conn), new(zmtp.Conn)
	for n := range uint64(5) {
		q.push(job{conn: mine, control: wire.RequestControl{Number: n}})
	}
	q.push(job{conn: others, control: wire.RequestControl{Number: 3}}) // another broker's numbers are its own
	var e execution
	if !q.pop(&e) || e.control.Number != 0 {
		t.Fatalf("popped %d", e.control.Number)
	}

	r, _ := wire.ParseReclaim(reclaimOf(wire.KindReclaim, 0, 1, 3, 99))
	if got, want := q.reclaim(mine, r, reclaimOf(wire.KindReclaim)), reclaimOf(wire.KindReclaim, 1, 3); string(got) != string(want) {
		t.Errorf("gave back %q, want %q: neither what is running nor what is not here", got, want)
	}
	if e.cancelled.Load() {
		t.Error("a reclaim stopped a request that somebody waits for")
	}
	r, _ = wire.ParseReclaim(reclaimOf(wire.KindCancel, 0, 2))
	if got, want := q.reclaim(mine, r, reclaimOf(wire.KindReclaim)), reclaimOf(wire.KindReclaim, 2); string(got) != string(want) {
		t.Errorf("gave back %q, want %q", got, want)
	}
	if !e.cancelled.Load() {
		t.Error("what is running and cancelled was not stopped")
	}
	q.done(&e)
	var left []string
	for range 2 {
		q.pop(&e)
		left = append(left, fmt.Sprint(e.conn == mine, e.control.Number))
		if e.cancelled.Load() {
			t.Error("the next request is cancelled, too")
		}
		q.done(&e)
	}
	if strings.Join(left, " ") != "true 4 false 3" {
		t.Errorf("left %q", left)
	}
	q.waitIdle()
}

// The worker answers every reclaim, and stops what nobody waits for: this scan
// alone takes a second.
func TestCancelledScanStops(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Slots = 1
	run(t, o)
	l, h := b.welcome(time.Minute)
	if !h.Reclaim {
		t.Error("the hello does not say that the worker understands reclaims")
	}
	text := strings.Repeat("he is here, his is there. ", 8<<20/26)
	l.request(1, true, time.Minute, `{"want":"count"}`, text, text, text, text, text, text)
	l.request(2, false, time.Minute, "he")
	l.send(string(reclaimOf(wire.KindCancel, 1)))
	// Three answers, in any order: of both requests, and of the reclaim, which
	// stands for the first request's if no slot had begun that.
	answers := map[string]int{}
	for answers["first"] == 0 || answers["second"] == 0 || answers["reclaim"] == 0 {
		frames := l.recv()
		if len(frames) == 0 {
			t.Fatal("the connection ended")
		}
		if reclaim, ok := wire.ParseReclaim([]byte(frames[0])); ok {
			answers["reclaim"]++
			reclaim.Each(func(uint64) { answers["first"]++ })
			continue
		}
		switch c, ok := wire.ParseReplyControl([]byte(frames[0])); {
		case ok && c.Number == 1:
			if !c.Failed {
				t.Error("the scan went on to its end")
			}
			answers["first"]++
		case ok && c.Number == 2:
			answers["second"]++
		default:
			t.Fatalf("got %q", frames)
		}
	}
	if answers["first"] != 1 || answers["second"] != 1 || answers["reclaim"] != 1 {
		t.Errorf("answers: %v", answers)
	}
}

// Answers are written together, but not if what comes next takes long.
func TestAnAnswerDoesNotWaitForALongRequest(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Slots = 1
	run(t, o)
	l, _ := b.welcome(time.Minute)
	text := strings.Repeat("he is here, his is there. ", 8<<20/26)
	long := []string{`{"want":"count"}`, text, text, text}
	l.request(1, true, time.Minute, long...) // so that the other two wait for the slot
	l.request(2, false, time.Minute, "he")
	l.request(3, true, time.Minute, long...)
	l.send(string(reclaimOf(wire.KindCancel, 1)))
	stopped := false
	for {
		frames := l.recv()
		if len(frames) == 0 {
			t.Fatal("the connection ended")
		}
		if reclaim, ok := wire.ParseReclaim([]byte(frames[0])); ok {
			// A busy machine takes its time with the second, whose answer then does not
			// wait at all: the third is given back before a slot has begun it.
			givenBack := false
			reclaim.Each(func(n uint64) { givenBack = givenBack || n == 3 })
			if givenBack {
				return
			}
			continue
		}
		switch c, _ := wire.ParseReplyControl([]byte(frames[0])); c.Number {
		case 2:
			l.send(string(reclaimOf(wire.KindCancel, 3)))
			stopped = true
		case 3:
			if !stopped || !c.Failed {
				t.Error("the answer came after that to the long request, or with it")
			}
			return
		}
	}
}

func TestUnreadableReclaimEndsTheConnection(t *testing.T) {
	b := listen(t)
	run(t, options(b, t))
	l, _ := b.welcome(time.Minute)
	l.send("Rxx")
	if got := l.recv(); got != nil {
		t.Errorf("got %q", got)
	}
}

package worker

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

func TestADegradedBoardUsesHalfItsSlotsUntilItWasWellForAWhile(t *testing.T) {
	well, hot, weak := board.Health{Celsius: 50}, board.Health{Hot: true}, board.Health{UnderVoltage: true}
	for maxSlots, half := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 8: 4} {
		s := throttle{maxSlots: maxSlots, slots: maxSlots}
		for i, step := range []struct {
			at    time.Duration
			h     board.Health
			slots int
		}{
			{0, well, maxSlots},
			{10 * time.Second, hot, half},
			{15 * time.Second, well, half},
			{60 * time.Second, weak, half},
			{119 * time.Second, well, half}, // 59 s
			{120 * time.Second, well, maxSlots},
			{125 * time.Second, hot, half},
		} {
			before := s.slots
			changed := s.observe(&step.h, time.Unix(1000, 0).Add(step.at))
			if s.slots != step.slots || changed != (before != step.slots) {
				t.Errorf("of %d, step %d: %d slots (changed: %v), want %d", maxSlots, i, s.slots, changed, step.slots)
			}
		}
	}
}

// fakeBoard is a board that shows a temperature.
func fakeBoard(celsius *atomic.Int64) func() board.Health {
	return func() board.Health {
		return board.HealthOf(fstest.MapFS{
			"sys/class/thermal/thermal_zone0/temp": &fstest.MapFile{Data: fmt.Appendf(nil, "%d000\n", celsius.Load())},
		})
	}
}

func TestWorkerTellsTheHealthOfItsBoard(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	var celsius atomic.Int64
	celsius.Store(50)
	ticks := make(chan time.Time)
	o.Slots, o.readHealth, o.boardTicks = 4, fakeBoard(&celsius), ticks
	run(t, o)
	l, hello := b.welcome(time.Hour) // so that every further heartbeat is due to a change
	if hello.Slots != 4 {
		t.Errorf("hello says %d slots", hello.Slots)
	}
	next := func() (s wire.WorkerStats, h board.Health) {
		t.Helper()
		for {
			frames := l.recvAny()
			if frames == nil {
				t.Fatal("the connection ended")
			}
			if frames[0] != "B" {
				continue
			}
			if err := json.Unmarshal([]byte(frames[1]), &s); err != nil {
				t.Fatal(err)
			}
			_ = json.Unmarshal(s.Health, &h)
			return s, h
		}
	}
	next() // the first, at once
	start := time.Now()
	celsius.Store(85)
	ticks <- start
	if s, h := next(); s.Slots != 2 || !h.Hot || h.Celsius != 85 {
		t.Errorf("hot: %d slots, %+v", s.Slots, h)
	}
	celsius.Store(60)
	ticks <- start.Add(calmTime - 1) // nothing to say yet
	ticks <- start.Add(calmTime)
	if s, h := next(); s.Slots != 4 || h.Hot || h.Celsius != 60 {
		t.Errorf("cool again: %d slots, %+v", s.Slots, h)
	}
}

func TestNoMoreSlotsRunThanTheLimit(t *testing.T) {
	q := newQueue()
	q.slots, q.active = 4, 4
	for range q.slots {
		q.free = append(q.free, new(slot))
	}
	conn := new(zmtp.Conn)
	for n := range uint64(40) {
		q.push(job{conn: conn, control: wire.RequestControl{Number: n}})
	}
	q.setLimit(2)
	var now, most atomic.Int64
	begun, goOn, ended := make(chan struct{}, 40), make(chan struct{}), make(chan struct{})
	for range 4 {
		go func() {
			defer func() { ended <- struct{}{} }()
			var e execution
			for q.pop(&e) {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				begun <- struct{}{}
				<-goOn
				now.Add(-1)
				q.done(&e)
			}
		}()
	}
	wait := func(n int) {
		for range n {
			select {
			case <-begun:
			case <-time.After(patience):
				t.Error("a slot does not begin")
			}
		}
	}
	wait(2)
	for range 20 {
		goOn <- struct{}{}
		wait(1)
	}
	if n := most.Load(); n != 2 {
		t.Errorf("%d requests at once, the limit is 2", n)
	}
	q.setLimit(4)
	wait(2) // all four slots have one, and none has ended
	if n := now.Load(); n != 4 {
		t.Errorf("%d requests at once, the limit is 4", n)
	}
	close(goOn)
	q.waitIdle()
	q.close()
	for range 4 {
		<-ended
	}
}

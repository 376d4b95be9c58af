package broker

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestWheelFindsEveryDeadlineOnceAndInTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	var w wheel
	w.init(now)
	waiting := map[*request]bool{}
	for step := range 3000 {
		for range rng.IntN(4) {
			// up to 60 s: several times round the wheel
			q := &request{deadline: now.Add(time.Duration(rng.Int64N(int64(60 * time.Second))))}
			w.add(q)
			waiting[q] = true
		}
		if step%7 == 0 { // some are answered meanwhile
			for q := range waiting {
				q.inWheel.remove()
				delete(waiting, q)
				break
			}
		}
		now = now.Add(time.Duration(rng.Int64N(int64(4 * tick))))
		if step%500 == 499 {
			now = now.Add(time.Minute) // the process was stopped
		}
		for more := 0; !w.sweep(now, func() bool { more++; return more%5 != 0 }, func(q *request) {
			if !waiting[q] || q.deadline.After(now) {
				t.Fatalf("swept %v before its deadline, or twice", q.deadline.Sub(now))
			}
			q.inWheel.remove()
			delete(waiting, q)
		}); { // in parts
		}
		for q := range waiting {
			if now.Sub(q.deadline) > 2*tick {
				t.Fatalf("%v overdue and not swept", now.Sub(q.deadline))
			}
		}
	}
}

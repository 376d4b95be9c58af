package worker

import (
	"runtime"
	"sync"
	"testing"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// testQueue is a queue of one slot; started counts the goroutines that it asks for.
func testQueue() (q *queue, started *int) {
	q, started = newQueue(), new(int)
	q.open([]*slot{{}}, func() { *started++ })
	return q, started
}

func (q *queue) pushNumber(n uint64) {
	q.push(job{control: wire.RequestControl{Number: n}, message: zmtp.NewMessage([]byte("text"))})
}

func (q *queue) mustPop(t *testing.T, r *running, number uint64) {
	t.Helper()
	j, ok := q.pop(r, func() {})
	if !ok || j.control.Number != number {
		t.Fatalf("got job %d, %v, want %d", j.control.Number, ok, number)
	}
	j.message.Release()
}

// A job that waits leaves its goroutine to itself, so another is started for the slot;
// once it goes on, there is one too many.
func TestAsManyGoroutinesAsSlotsAndWaitingJobs(t *testing.T) {
	q, started := testQueue()
	for round := range 3 {
		var first, second running
		q.pushNumber(1)
		q.mustPop(t, &first, 1)
		q.wait(&first)
		if *started != 2+round {
			t.Fatalf("%d goroutines were started, want %d", *started, 2+round)
		}
		q.pushNumber(2)
		q.mustPop(t, &second, 2)
		if !q.done(&second) {
			t.Fatal("the only goroutine that takes jobs was told to end")
		}
		if !q.resume(&first) {
			t.Fatal("no slot to go on")
		}
		if q.done(&first) {
			t.Fatal("two goroutines take jobs for one slot")
		}
	}
}

func TestJobsThatGoOnComeBeforeNewOnes(t *testing.T) {
	for range 50 {
		q, _ := testQueue()
		var first, second, third running
		q.pushNumber(1)
		q.mustPop(t, &first, 1)
		q.wait(&first)
		q.pushNumber(2)
		q.mustPop(t, &second, 2)
		q.pushNumber(3)

		var order []string
		var both sync.WaitGroup
		both.Go(func() {
			j, _ := q.pop(&third, func() {})
			j.message.Release()
			order = append(order, "new")
			q.done(&third)
		})
		both.Go(func() {
			q.resume(&first)
			order = append(order, "goes on")
			q.done(&first)
		})
		for {
			q.mu.Lock()
			resuming := q.resuming
			q.mu.Unlock()
			if resuming == 1 {
				break
			}
			runtime.Gosched()
		}
		q.done(&second)
		both.Wait()
		if order[0] != "goes on" {
			t.Fatalf("order %q", order)
		}
	}
}

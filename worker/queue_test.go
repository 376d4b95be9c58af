package worker

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// testQueue returns a queue of one slot; started counts the goroutines that it asks for.
func testQueue() (q *queue, started *int) {
	q, started = newQueue(), new(int)
	q.open([]*slot{{}}, func() { *started++ })
	return q, started
}

func (q *queue) pushNumber(n uint64) {
	q.push(job{control: wire.RequestControl{Number: n}, message: zmtp.NewMessage([]byte("text"))})
}

func (q *queue) mustPop(t *testing.T, e *execution, number uint64) {
	t.Helper()
	if !q.pop(e) || e.control.Number != number {
		t.Fatalf("got job %d, want %d", e.control.Number, number)
	}
	e.message.Release()
}

// awaitResuming waits until n executions wait for a slot.
func (q *queue) awaitResuming(n int) {
	for {
		q.mu.Lock()
		resuming := len(q.resuming)
		q.mu.Unlock()
		if resuming == n {
			return
		}
		runtime.Gosched()
	}
}

// A job that waits keeps its goroutine, so another one is started for the slot; once the job goes
// on, there is one too many.
func TestAsManyGoroutinesAsSlotsAndWaitingJobs(t *testing.T) {
	q, started := testQueue()
	for round := range 3 {
		var first, second execution
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
		var first, second, third execution
		q.pushNumber(1)
		q.mustPop(t, &first, 1)
		q.wait(&first)
		q.pushNumber(2)
		q.mustPop(t, &second, 2)
		q.pushNumber(3)

		var order []string
		popNew := func(e *execution) {
			if q.pop(e) {
				e.message.Release()
				order = append(order, "new")
				q.done(e)
				q.close() // the other goroutine may be in pop
			}
		}
		var both sync.WaitGroup
		both.Go(func() { popNew(&third) })
		both.Go(func() {
			q.resume(&first)
			order = append(order, "goes on")
			if q.done(&first) {
				popNew(&first)
			}
		})
		q.awaitResuming(1)
		q.done(&second)
		both.Wait()
		if order[0] != "goes on" {
			t.Fatalf("order %q", order)
		}
	}
}

func TestJobsGoOnInTheOrderInWhichTheyWant(t *testing.T) {
	const n = 5
	q, _ := testQueue()
	var waiting [n]execution
	for i := range n {
		q.pushNumber(uint64(i))
		q.mustPop(t, &waiting[i], uint64(i))
		q.wait(&waiting[i])
	}
	var busy execution
	q.pushNumber(n)
	q.mustPop(t, &busy, n)
	var order []int
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			q.resume(&waiting[i])
			order = append(order, i) // with the only slot
			q.done(&waiting[i])
		})
		q.awaitResuming(i + 1)
	}
	q.done(&busy)
	all.Wait()
	if !slices.IsSorted(order) {
		t.Errorf("order %v", order)
	}
}

// One goroutine is woken at a time; none of them may be forgotten.
func TestQueueForgetsNoJob(t *testing.T) {
	const slots, jobs = 3, 3000
	q := newQueue()
	var goroutines sync.WaitGroup
	var done, inUse atomic.Int64
	use := func(r *rand.Rand) {
		if n := inUse.Add(1); n > slots {
			t.Errorf("%d slots are in use", n)
		}
		for range r.IntN(3) {
			runtime.Gosched()
		}
		inUse.Add(-1)
	}
	work := func() {
		r := rand.New(rand.NewPCG(1, 2))
		var e execution
		for q.pop(&e) {
			use(r)
			for range r.IntN(3) {
				q.wait(&e)
				runtime.Gosched()
				if !q.resume(&e) {
					t.Error("the queue is not closed, and gives no slot")
				}
				use(r)
			}
			if r.IntN(10) == 0 {
				q.wait(&e) // to the end
			}
			e.message.Release()
			done.Add(1)
			if !q.done(&e) {
				return
			}
		}
	}
	q.open([]*slot{{}, {}, {}}, func() { goroutines.Go(work) })
	for n := range uint64(jobs) {
		q.pushNumber(n)
		if n%7 == 0 {
			q.setLimit(int(n/7) % (slots + 1)) // 0: all
		}
		if n%100 == 99 {
			q.waitIdle()
		}
	}
	q.waitIdle()
	if n := done.Load(); n != jobs {
		t.Errorf("%d of %d jobs are done", n, jobs)
	}
	q.close()
	goroutines.Wait()
}

// What a request waits for may be a job that waits for the same slot.
func TestASlotThatIsGivenBackAgainWakesASleepingGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := testQueue()
		defer q.close()
		var first, second execution
		q.pushNumber(1)
		q.mustPop(t, &first, 1)
		q.wait(&first)
		popped := false
		go func() { popped = q.pop(&second) }() // on the goroutine that wait has started
		synctest.Wait()
		if !q.resume(&first) {
			t.Fatal("no slot to go on")
		}
		q.pushNumber(2)
		q.wait(&first)
		if synctest.Wait(); !popped {
			t.Error("a job waits, and so does its slot")
		}
	})
}

// resuming returns a queue of two slots, of which one may be used and busy has that, and what resume
// returns for an execution that waits for it.
func resuming(t *testing.T) (q *queue, busy *execution, resumed chan bool) {
	q, busy, resumed = newQueue(), new(execution), make(chan bool, 1)
	q.open([]*slot{{}, {}}, func() {})
	q.setLimit(1)
	waiting := new(execution)
	q.pushNumber(1)
	q.mustPop(t, waiting, 1)
	q.wait(waiting)
	q.pushNumber(2)
	q.mustPop(t, busy, 2)
	go func() { resumed <- q.resume(waiting) }()
	synctest.Wait()
	return q, busy, resumed
}

func TestJobsGoOnWhenMoreSlotsMayBeUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _, resumed := resuming(t)
		q.setLimit(2)
		if synctest.Wait(); len(resumed) == 0 || !<-resumed {
			t.Error("a job waits for a slot that may be used")
		}
		q.close()
	})
}

func TestNoJobGoesOnOnceTheQueueIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, busy, resumed := resuming(t)
		busy.slot, q.free = nil, nil // both slots are in use
		q.close()
		if synctest.Wait(); len(resumed) == 0 || <-resumed {
			t.Error("a job waits in a closed queue, or goes on without a slot")
		}
	})
}

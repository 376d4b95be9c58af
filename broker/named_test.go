package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// refusal returns the error that a request was answered with.
func (c *directClient) refusal(id string) *wire.Error {
	for _, m := range c.port.sent {
		if m[0] == id {
			if h, err := wire.ParseAnswerHeader([]byte(m[2])); err == nil && h.Error != nil {
				return h.Error
			}
		}
	}
	return &wire.Error{}
}

// Who names a worker is told why it cannot have it, and each reason differs.
func TestNamedWorkerThatCannot(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Queue: 2}})
	d.advance(11 * time.Second) // all that wanted to come are there
	c := d.client()
	ask := func(id, worker string) {
		d.send(c, id, fmt.Sprintf(`{"worker":%q,"deadline_ms":1000}`, worker), id)
	}
	want := func(id string, code wire.Code, says string) {
		t.Helper()
		if e := c.refusal(id); e.Code != code || !strings.Contains(e.Message, says) {
			t.Errorf("%s: %q %q, want %s that says %q", id, e.Code, e.Message, code, says)
		}
	}
	ask("unknown", "nobody")
	want("unknown", wire.UnknownWorker, "ever connected")

	full := d.worker("full", 1, true)
	for i := range 3 {
		ask(fmt.Sprint("fill", i), "full")
	}
	ask("busy", "full")
	want("busy", wire.Busy, `worker "full"`)

	ask("before", "full") // no: busy as well
	drained := d.worker("drained", 1, true)
	other := d.worker("other", 1, true)
	for i := range 3 {
		ask(fmt.Sprint("kept", i), "drained")
	}
	drained.receive(d)
	d.r.drains(drained.worker, wireDrain(), d.out())
	want("kept2", wire.Draining, "drained") // it waited for it
	ask("draining", "drained")
	want("draining", wire.Draining, "drained")
	drained.receive(d)
	if len(drained.has) != 2 || len(other.has) != 0 {
		t.Errorf("the draining worker has %d, another %d requests that name it; want 2 and 0", len(drained.has), len(other.has))
	}
	drained.answer(d, 0, false)
	d.lose(drained)
	want("kept1", wire.WorkerLost, "drained")

	ask("away", "drained")
	d.lose(full)
	want("fill0", wire.WorkerLost, "full")
	d.advance(1100 * time.Millisecond)
	want("away", wire.NoWorker, "not connected")

	plain := d.plainWorker("127.0.0.1:1", "default")
	for i := range 2 {
		ask(fmt.Sprint("plain", i), "127.0.0.1:1")
	}
	d.lose(plain)
	want("plain0", wire.WorkerLost, "went away")
	want("plain1", wire.WorkerLost, "address")
	ask("plain2", "127.0.0.1:1")
	want("plain2", wire.UnknownWorker, "127.0.0.1:1")
	d.check()
}

// What a draining worker has not begun others do; what nobody else can do it finishes.
func TestDrainingWorkerGivesBackWhatOthersCanDo(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 1, true, "default", "own")
	c := d.client()
	d.send(c, "0", "begun")
	d.send(c, "1", "behind")
	w.receive(d)
	other := d.worker("other", 2, true)
	other.receive(d)
	d.r.drains(w.worker, wireDrain(), d.out())
	w.receive(d)
	other.receive(d)
	if len(w.has) != 1 || w.has[0].text != "begun" || len(other.has) != 1 || other.has[0].text != "behind" {
		t.Errorf("it has %d, the other %d", len(w.has), len(other.has))
	}
	if strings.Join(w.told, "") != "D" {
		t.Errorf("it was told %q", w.told)
	}

	w = d.worker("w2", 1, true, "own")
	d.send(c, "2", `{"rules":"own"}`, "a")
	d.send(c, "3", `{"rules":"own"}`, "b")
	w.receive(d)
	d.r.drains(w.worker, wireDrain(), d.out())
	if w.receive(d); len(w.has) != 2 {
		t.Errorf("it keeps %d requests that only it can do, want 2", len(w.has))
	}
	d.check()
}

// What a worker gives back goes on in the order in which it came, whatever the order
// in which it was asked for.
func TestWhatIsGivenBackKeepsItsOrder(t *testing.T) {
	d := newDirect(t, Options{})
	w, c := d.worker("w", 4, true), d.client()
	for i := range 8 {
		d.send(c, fmt.Sprint(i), fmt.Sprint(i))
	}
	w.receive(d) // begins four
	other := d.worker("other", 1, true)
	d.send(c, "8", "8")
	d.send(c, "9", "9")
	other.receive(d) // has no room for more
	d.r.drains(w.worker, wireDrain(), d.out())
	w.receive(d)
	var order []string
	for other.receive(d); len(other.has) > 0; other.receive(d) {
		order = append(order, other.has[0].text)
		other.answer(d, 0, false)
	}
	if got := strings.Join(order, ""); got != "894567" {
		t.Errorf("done in the order %s, want 894567", got)
	}
	d.check()
}

// A request that takes long holds up none behind it while another worker is idle.
func TestIdleWorkerGetsWhatWaitsBehindALongRequest(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 1, true)
	c := d.client()
	d.send(c, "0", "long")
	d.send(c, "1", "short")
	w.receive(d)
	idle := d.worker("idle", 1, true)
	d.advance(stealAfter + tick)
	w.receive(d)
	idle.receive(d)
	if len(w.has) != 1 || len(idle.has) != 1 || idle.has[0].text != "short" {
		t.Fatalf("w has %d, idle %d", len(w.has), len(idle.has))
	}
	if d.r.reclaimed != 1 || d.r.retried != 0 {
		t.Errorf("reclaimed %d, retried %d", d.r.reclaimed, d.r.retried)
	}
	d.check()
}

func TestCancelledRequestsAreTakenFromTheirWorkers(t *testing.T) {
	d := newDirect(t, Options{})
	w := d.worker("w", 1, true)
	c, stays := d.client(), d.client()
	d.send(c, "0", "begun")
	d.send(c, "1", "behind")
	d.send(stays, "2", "next")
	w.receive(d)
	d.r.removeClient(c.client, d.out())
	w.receive(d)
	if len(w.has) != 2 || !w.has[0].stop || w.has[1].text != "next" {
		t.Errorf("the worker has %d requests, stops the first: %v", len(w.has), w.has[0].stop)
	}
	if d.r.cancelled != 2 || d.r.pending != 1 {
		t.Errorf("cancelled %d, pending %d", d.r.cancelled, d.r.pending)
	}
	d.check()
}

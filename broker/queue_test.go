package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trawl/edge/wire"
)

func TestPriority(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	for _, p := range []string{"0", "9", "4", "9", "0"} {
		c.send(`{"priority":`+p+`}`, p)
	}
	c.send("bare, so 4")
	r.until("all wait", func(s *wire.Status) bool { return s.Broker.Pending == 6 })
	w := r.worker("w", 3)
	var order []string
	for range 6 {
		task := w.task()
		order = append(order, task.frames[len(task.frames)-1])
	}
	if want := []string{"9", "9", "4", "bare, so 4", "0", "0"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
}

func TestClientsTakeTurns(t *testing.T) {
	r := start(t, nil)
	greedy, modest := r.client(), r.client()
	for i := range 50 {
		greedy.send(fmt.Sprint("greedy ", i))
	}
	r.until("they wait", func(s *wire.Status) bool { return s.Broker.Pending == 50 })
	modest.send("modest 0")
	modest.send("modest 1")
	r.until("all wait", func(s *wire.Status) bool { return s.Broker.Pending == 52 })
	w := r.worker("w", 1)
	var order []string
	for range 5 {
		task := w.task()
		order = append(order, task.frames[0])
		w.answer(task, "a")
	}
	if want := []string{"greedy 0", "modest 0", "greedy 1", "modest 1", "greedy 2"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want clients in turn: %q", order, want)
	}
}

func TestBusy(t *testing.T) {
	r := start(t, func(o *Options) {
		o.Limits = Limits{Queue: 4, Memory: 10_000}
		o.RuleSets = map[string]RuleSet{"small": {Queue: 1}}
		o.ExpectRules = []string{"small"}
	})
	c, other := r.client(), r.client()
	for range 2 {
		c.send("t")
	}
	c.send("one too many: the other half is for others")
	c.wantError(wire.Busy)
	other.send("t")
	other.send("one too many")
	other.wantError(wire.Busy)
	third := r.client()
	third.send("the last place")
	third.send("full")
	third.wantError(wire.Busy)
	late := r.client() // none of its own waits
	late.send("full")
	late.wantError(wire.Busy)
	other.send(`{"rules":"small"}`, "t")
	other.send(`{"rules":"small"}`, "one too many")
	other.wantError(wire.Busy)
	third.send(`{"worker":"w"}`, strings.Repeat("x", 9000))
	third.wantError(wire.Busy)
	w := r.worker("w", 8, "default", "small")
	for range 5 {
		task := w.task()
		w.answer(task, task.frames...)
	}
	r.until("all is answered", func(s *wire.Status) bool { return s.Broker.Pending == 0 })
	third.send("room again")
	w.task()
}

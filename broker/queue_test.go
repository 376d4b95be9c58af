package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trawl/edge/keys"
	"trawl/edge/wire"
	"trawl/edge/zmtp"
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

// portOf is the connection of a peer.
type portOf struct {
	*fakeConn
	peer zmtp.Peer
}

func (p portOf) Peer() zmtp.Peer { return p.peer }

// A priority above the limit is lowered, for all but admins; the rest stays as it is.
func TestPriorityIsLimited(t *testing.T) {
	admin, client := zmtp.GenerateKey().Public(), zmtp.GenerateKey().Public()
	path := filepath.Join(t.TempDir(), "allowed.keys")
	if err := os.WriteFile(path, fmt.Appendf(nil, "%s admin\n%s client\n", admin, client), 0o600); err != nil {
		t.Fatal(err)
	}
	allowed, err := keys.OpenSet(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limit int
		peer  zmtp.Peer
		asks  string // header; empty: a bare request
		want  int
	}{
		{9, zmtp.Peer{}, `{"priority":9}`, 9},
		{5, zmtp.Peer{}, `{"priority":9}`, 5},
		{5, zmtp.Peer{}, `{"priority":3}`, 3},
		{5, zmtp.Peer{}, "", 4},
		{2, zmtp.Peer{}, "", 2},
		{0, zmtp.Peer{}, "", 0},
		{5, zmtp.Peer{Mechanism: zmtp.Curve, Key: client}, `{"priority":9}`, 5},
		{5, zmtp.Peer{Mechanism: zmtp.Curve, Key: admin}, `{"priority":9}`, 9},
		{5, zmtp.Peer{Key: admin}, `{"priority":9}`, 5},
	} {
		d := newDirect(t, Options{Limits: Limits{Priority: &c.limit}, ExpectRules: []string{"default"}, Security: Security{Key: zmtp.GenerateKey(), Allowed: allowed}})
		sender := d.client()
		sender.conn = portOf{sender.port, c.peer}
		frames := []string{"x"}
		if c.asks != "" {
			frames = []string{c.asks, "x"}
		}
		d.send(sender, "1", frames...)
		q := d.r.targets[targetKey{name: "default"}].queue.waiting.front()
		if q == nil || q.header.Priority != c.want || q.full != (c.asks != "") || q.header.Rules != "default" || bareHeader.Priority != wire.DefaultPriority {
			t.Errorf("%+v: %+v", c, q)
		}
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
		o.RuleSets = map[string]RulePolicy{"small": {Queue: 1}}
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

// serve lets a worker answer n requests and counts them by the first letter of their texts.
func serve(d *direct, w *directWorker, n int) map[byte]int {
	got := make(map[byte]int)
	for range n {
		w.receive(d)
		got[w.has[0].text[0]]++
		w.answer(d, 0, false)
	}
	return got
}

// However much there is of the highest priority, the others get their part; and of a few
// requests the highest go first.
func TestNoPriorityWaitsWithoutBound(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 1 << 30, Queue: 1 << 20}})
	w := d.worker("w", 1, true)
	for p, text := range map[int]string{9: "9", 4: "4", 0: "0"} {
		c := d.client()
		for range 4000 {
			d.send(c, "id", fmt.Sprintf(`{"priority":%d,"deadline_ms":86400000}`, p), text)
		}
	}
	if got := serve(d, w, 3000); got['9'] < got['4'] || got['4'] < got['0'] || got['0'] < 100 {
		t.Errorf("of 3,000 requests answered, by priority: 9: %d, 4: %d, 0: %d", got['9'], got['4'], got['0'])
	}
}

// A client that comes with a request now and then at a low priority is not shut out by a
// client that always has high ones waiting.
func TestARequestOfLowPriorityIsServedBesideMany(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 1 << 30, Queue: 1 << 20}})
	w, greedy, modest := d.worker("w", 1, true), d.client(), d.client()
	for range 20_000 {
		d.send(greedy, "id", `{"priority":9,"deadline_ms":86400000}`, strings.Repeat("g", 8000))
	}
	for i := range 10 {
		d.send(modest, fmt.Sprint(i), `{"priority":4,"deadline_ms":86400000}`, "m")
		n := 0
		for len(modest.answers()) == i {
			serve(d, w, 1)
			n++
		}
		if n > 100 {
			t.Fatalf("request %d waited for %d others", i, n)
		}
	}
}

// Many empty texts are work, too: the turn of a client that sends them is over for longer.
func TestTurnsGoByWork(t *testing.T) {
	for what, large := range map[string][]string{
		"many texts": append(append([]string{`{"deadline_ms":86400000}`}, make([]string, 30_000)...), "large"),
		"a long one": {`{"deadline_ms":86400000}`, strings.Repeat("large", 800_000)},
	} {
		d := newDirect(t, Options{Limits: Limits{Memory: 1 << 30, Queue: 1 << 20}})
		w, greedy, modest := d.worker("w", 1, true), d.client(), d.client()
		for range 40 {
			d.send(greedy, "id", large...)
		}
		for i := range 400 {
			d.send(modest, fmt.Sprint(i), "small")
		}
		serve(d, w, 10) // what was dispatched before
		if got := serve(d, w, 300); got['s'] < 298 {
			t.Errorf("%s: of 300 requests, %d were small", what, got['s'])
		}
		d.check()
	}
}

// Rule sets take turns, as clients do.
func TestRuleSetsTakeTurns(t *testing.T) {
	d := newDirect(t, Options{Limits: Limits{Memory: 1 << 30, Queue: 1 << 20}, ExpectRules: []string{"a", "b"}})
	c := d.client()
	for range 1000 {
		d.send(c, "id", `{"rules":"a","deadline_ms":86400000}`, "a")
	}
	for range 100 {
		d.send(c, "id", `{"rules":"b","deadline_ms":86400000}`, "b")
	}
	w := d.worker("w", 1, true, "a", "b")
	if got := serve(d, w, 60); got['b'] < 25 {
		t.Errorf("of 60 answered, a: %d, b: %d", got['a'], got['b'])
	}
}

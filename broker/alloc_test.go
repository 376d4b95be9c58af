//go:build !race

// The race detector makes pools forget at random, so these tests run without it.

package broker

import (
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// nullPort takes everything.
type nullPort struct {
	fakeConn
	number uint64 // of the latest request
}

func (p *nullPort) Queue(prefix []byte, m zmtp.Message) error {
	if len(prefix) > 2 {
		if c, ok := wire.ParseRequestControl(prefix[2:]); ok {
			p.number = c.Number
		}
	}
	m.Release()
	return nil
}

// route returns a function that takes one request through the router and back; with
// queued it waits in between.
func route(tb testing.TB, queued bool, o Options) func() {
	d := newDirect(tb, o)
	port := &nullPort{}
	port.heard = d.now
	slots := 64
	if queued {
		slots = 1
	}
	w := newWorker(port, false, "w", hello("w", slots, true, "default"), time.Hour)
	if _, err := d.r.join(w, nil, d.out()); err != nil {
		tb.Fatal(err)
	}
	c := &client{conn: &nullPort{}, socketType: "DEALER"}
	d.r.addClient(c)
	text := make([]byte, 256)
	out := &batch{}
	answer := func() {
		var frame [32]byte
		control := wire.ReplyControl{Number: w.held.first().number}
		_ = d.b.fromWorker(w, zmtp.NewMessage(control.Append(frame[:0]), text), out)
	}
	if queued {
		for range 4 { // more than its window
			d.b.request(c, zmtp.NewMessage(text), out)
		}
	}
	return func() {
		out.at = d.now
		d.b.request(c, zmtp.NewMessage(text), out)
		answer()
		out.flush()
	}
}

func TestRoutingAllocatesNothing(t *testing.T) {
	hedged := Options{RuleSets: map[string]RulePolicy{"default": {Hedge: 95}}}
	for name, f := range map[string]func(){
		"at once": route(t, false, Options{}), "after waiting": route(t, true, Options{}), "hedged_slow": route(t, false, hedged),
	} {
		for range 100 {
			f() // pools and lists fill
		}
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations for a request and its answer", name, n)
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	for name, queued := range map[string]bool{"at once": false, "after waiting": true} {
		b.Run(name, func(b *testing.B) {
			f := route(b, queued, Options{})
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

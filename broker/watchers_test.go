package broker

import (
	"fmt"
	"testing"
	"time"

	"trawl/edge/wire"
	"trawl/edge/zmtp"
)

// newWatchers has a budget of memory bytes, of which reports may take half.
func newWatchers(memory int64) (*watchers, *documents) {
	d := newDocuments(&zmtp.Budget{Partial: memory, Total: memory}, memory)
	return &watchers{documents: d}, d
}

func reportOf(name string, records uint64) *wire.Report {
	return &wire.Report{Name: name, Sources: []wire.ReportSource{{Name: "web", Records: records}}, Sinks: []wire.ReportSink{{Name: "phone", State: wire.SinkReady}}}
}

func TestWatchersAreCountedAndExpire(t *testing.T) {
	ws, d := newWatchers(1 << 20)
	now := time.Now()
	if err := ws.note(reportOf("attic", 100), "192.0.2.1:4711", now); err != nil {
		t.Fatal(err)
	}
	if err := ws.note(reportOf("attic", 130), "192.0.2.1:4712", now.Add(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	list := ws.list(now.Add(5 * time.Second))
	if len(list) != 1 || list[0].RecordsPerS != 10 || list[0].AgoS != 2 || list[0].Address != "192.0.2.1:4712" {
		t.Fatalf("%+v", list)
	}
	if d.held != list[0].Size()+watcherCost {
		t.Errorf("%d bytes are held for a report of %d", d.held, list[0].Size())
	}
	if list := ws.list(now.Add(4*time.Second + wire.ReportExpires)); len(list) != 0 || d.held != 0 {
		t.Errorf("after silence: %+v, %d bytes", list, d.held)
	}
	_ = ws.note(reportOf("attic", 1), "192.0.2.1:1", now)
	_ = ws.note(&wire.Report{Name: "attic", Stopping: true}, "192.0.2.1:2", now)
	if list := ws.list(now); len(list) != 0 || d.held != 0 {
		t.Errorf("after its end: %+v, %d bytes", list, d.held)
	}
}

func TestWatchersAreBounded(t *testing.T) {
	ws, d := newWatchers(1 << 20)
	now := time.Now()
	for i := range maxWatchers {
		if err := ws.note(reportOf(fmt.Sprint("w", i), 1), "192.0.2.1:1", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := ws.note(reportOf("more", 1), "192.0.2.1:1", now); err == nil || err.Code != wire.Busy {
		t.Errorf("one more: %v", err)
	}
	if err := ws.note(reportOf("w0", 2), "192.0.2.1:1", now); err != nil {
		t.Errorf("one that is known: %v", err)
	}
	if err := ws.note(reportOf("more", 1), "192.0.2.1:1", now.Add(wire.ReportExpires+time.Second)); err != nil || len(ws.seen) != 1 {
		t.Errorf("after the others went silent: %v, %d watchers", err, len(ws.seen))
	}
	held := d.held
	small, _ := newWatchers(1000)
	if err := small.note(reportOf("a", 1), "x", now); err == nil || err.Code != wire.Busy || len(small.seen) != 0 {
		t.Errorf("without memory: %v", err)
	}
	if held != ws.seen[watcherKey{"more", "192.0.2.1"}].held {
		t.Errorf("%d bytes are held", held)
	}
}

// A client's report is in the status and in the metrics until the watcher ends.
func TestReportIsInTheStatus(t *testing.T) {
	r := start(t, nil)
	c := r.client()
	send := func(doc string) []string {
		c.send(`{"op":"report","id":"1"}`, doc)
		return c.recv()
	}
	if got := send(`{"name":"attic","sources":[{"name":"web","records":7}],"sinks":[{"name":"phone","state":"away","problem":"no\u001bway"}]}`); len(got) != 2 || got[1] != "{}" {
		t.Fatalf("got %q", got)
	}
	r.until("the status has it", func(s *wire.Status) bool {
		return len(s.Watchers) == 1 && s.Watchers[0].Name == "attic" && s.Watchers[0].Sinks[0].Problem == `no\x1bway`
	})
	if got := send(`{"name":"a b"}`); len(got) != 1 {
		t.Errorf("a wrong name: %q", got)
	}
	send(`{"name":"attic","stopping":true}`)
	r.until("it is gone", func(s *wire.Status) bool { return len(s.Watchers) == 0 })
}

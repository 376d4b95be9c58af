package watch

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"trawl/edge/client"
	"trawl/edge/wire"
)

func numbered(n int, text string) (l []string) {
	for i := range n {
		l = append(l, fmt.Sprintf("%s %d root", text, i))
	}
	return l
}

// The whole way: records that match come to the sinks that want them, once, in order.
func TestWatchTellsSinks(t *testing.T) {
	all, none := &memory{}, &memory{}
	l := &lines{text: []string{"a root b", "nothing", "admin and root"}, size: 2}
	err := Run(t.Context(), Options{
		Board: "attic", Matcher: wordsHere(t, "root", "admin"),
		Sources: []SourceOptions{{Name: "log", Source: l, Labels: map[string]string{"site": "home"}}},
		Sinks:   []SinkOptions{{Name: "all", Sink: all}, {Name: "none", Sink: none, Filter: Filter{Severity: []string{"high"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := all.texts(); !reflect.DeepEqual(got, []string{"root", "admin", "root"}) {
		t.Errorf("%q", got)
	}
	e := all.got()[0]
	if e.Board != "attic" || e.Source != "log" || e.Rules != "default" || e.Rule != "root" || string(e.Line) != "a root b" || e.Start != 2 || e.End != 6 || e.Labels["site"] != "home" || time.Since(e.Time) > time.Hour {
		t.Errorf("%+v", e)
	}
	if len(none.got()) != 0 || l.acknowledged() != 3 {
		t.Error(len(none.got()), l.acknowledged())
	}
}

// A sink that is away keeps its events and gets them in order once it is back; the other
// one is not held up.
func TestWatchWaitsForSink(t *testing.T) {
	var away sync.Mutex
	gone := true
	slow, fine := &memory{}, &memory{}
	slow.fails = func(*Event) error {
		away.Lock()
		defer away.Unlock()
		if gone {
			return &AwayError{Err: errAway}
		}
		return nil
	}
	var log lockedBuffer
	l := &lines{text: numbered(100, "x"), size: 7}
	ended := make(chan error)
	go func() {
		ended <- Run(t.Context(), Options{
			Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: l}},
			Sinks: []SinkOptions{{Name: "slow", Sink: slow, Batch: 3}, {Name: "fine", Sink: fine, Batch: 10}}, Log: logTo(&log),
		})
	}()
	eventually(t, "the other sink has all", func() bool { return len(fine.got()) == 100 && strings.Contains(log.String(), "away") })
	away.Lock()
	gone = false
	away.Unlock()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ids(slow.got()), ids(fine.got())) {
		t.Error("the sinks got different events")
	}
	if text := log.String(); strings.Count(text, "the sink is away") != 1 || strings.Count(text, "takes events again") != 1 {
		t.Error(text)
	}
}

// What a sink refuses is dropped and counted; the events around it arrive.
func TestWatchDropsRefused(t *testing.T) {
	m := &memory{}
	m.fails = func(e *Event) error {
		if strings.Contains(string(e.Line), "3 ") || strings.Contains(string(e.Line), "4 ") {
			return &RefusedError{errors.New("no")}
		}
		return nil
	}
	var last *Status
	err := Run(t.Context(), Options{
		Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: &lines{text: numbered(10, "x"), size: 10}}},
		Sinks: []SinkOptions{{Name: "s", Sink: m, Batch: 5}}, Pulse: func(s *Status) { last = s },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.got()) != 8 || last.Sinks[0].Refused != 2 || last.Sinks[0].Delivered != 8 || last.Sources[0].Events != 10 {
		t.Errorf("%d arrived; %+v", len(m.got()), last)
	}
}

// With a state, a watcher that is stopped leaves what waits to the next one, which tells
// it before what it reads itself; ids stay the same.
func TestWatchGoesOn(t *testing.T) {
	run, folder := t.TempDir(), t.TempDir()
	away := &memory{fails: func(*Event) error { return errAway }}
	ctx, cancel := context.WithCancel(t.Context())
	l := &lines{text: numbered(5, "x"), after: make(chan struct{})}
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, Options{
			Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: l}}, Run: run, State: folder,
			Sinks: []SinkOptions{{Name: "s", Sink: away, Line: true}},
		})
	}()
	eventually(t, "all are acknowledged", func() bool { return l.acknowledged() == 5 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	more := &lines{text: []string{"y root"}}
	if err := Run(t.Context(), Options{
		Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: more}}, Run: run, State: folder,
		Sinks: []SinkOptions{{Name: "s", Sink: m, Line: true}},
	}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range m.got() {
		got = append(got, string(e.Line))
		if e.Redelivered {
			t.Errorf("%q is marked after a stop", e.Line)
		}
	}
	if want := append(numbered(5, "x"), "y root"); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// After a kill, what the sink may have is marked: no more than it got at once.
func TestWatchMarksAfterKill(t *testing.T) {
	s := store{run: t.TempDir(), folder: t.TempDir()}
	open := func(killed bool) *outlet {
		out, err := openOutlet(SinkOptions{Name: "s", Sink: &memory{}, Line: true, Batch: 2}, newQueues(), s, logTo(&lockedBuffer{}))
		if err != nil {
			t.Fatal(err)
		}
		events, _ := out.queue.head(10)
		for i, e := range events {
			if e.Redelivered != (killed && i < 2) {
				t.Errorf("%d: %v", i, e.Redelivered)
			}
		}
		return out
	}
	out := open(false)
	for i := range 5 {
		_ = out.queue.put(t.Context(), testEvent(i))
	}
	out.end()
	out = open(false)
	out.queue.file.close()
	out = open(true)
	out.queue.file.close()
}

// Without one, what is left at the end is an error.
func TestWatchSaysWhatIsLost(t *testing.T) {
	away := &memory{fails: func(*Event) error { return errAway }}
	ctx, cancel := context.WithCancel(t.Context())
	l := &lines{text: numbered(5, "x"), after: make(chan struct{})}
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, Options{Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: l}}, Sinks: []SinkOptions{{Name: "s", Sink: away}}})
	}()
	eventually(t, "all are acknowledged", func() bool { return l.acknowledged() == 5 })
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "5 events for the sink s were not sent and are lost") {
		t.Error(err)
	}
}

// The end of all input sends summaries that nobody would keep.
func TestWatchTellsSumsAtEnd(t *testing.T) {
	m := &memory{}
	err := Run(t.Context(), Options{
		Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: &lines{text: numbered(50, "x"), size: 8}}},
		Sinks: []SinkOptions{{Name: "s", Sink: m, Limit: RateLimit{Interval: time.Hour, GroupBy: []string{"rule"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	events := m.got()
	if len(events) != 2 || events[0].Count != 0 || events[1].Count != 50 || events[1].Suppressed != 49 {
		t.Errorf("%+v", events)
	}
}

// With a state, the limit outlives a restart, and so does what it held back.
func TestWatchLimitOutlivesRestart(t *testing.T) {
	run, folder := t.TempDir(), t.TempDir()
	total := 0
	for range 3 {
		m := &memory{}
		err := Run(t.Context(), Options{
			Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: &lines{text: numbered(10, "x"), size: 8}}}, Run: run, State: folder,
			Sinks: []SinkOptions{{Name: "s", Sink: m, Limit: RateLimit{Interval: time.Hour, GroupBy: []string{"rule"}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		total += len(m.got())
	}
	if total != 1 {
		t.Errorf("%d told in an hour", total)
	}
	data, err := store{run: run, folder: folder}.limits("s")
	if err != nil || !strings.Contains(string(data), `"count":30`) {
		t.Errorf("%s, %v", data, err)
	}
}

// Summaries come by themselves when their time is over, with nothing else going on.
func TestWatchTellsSumsInTime(t *testing.T) {
	m := &memory{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	l := &lines{text: numbered(10, "x"), size: 8, after: make(chan struct{})}
	go func() {
		ended <- Run(ctx, Options{
			Matcher: wordsHere(t, "root"), Sources: []SourceOptions{{Name: "log", Source: l}},
			Sinks: []SinkOptions{{Name: "s", Sink: m, Limit: RateLimit{Interval: 300 * time.Millisecond, GroupBy: []string{"rule"}}}},
		})
	}()
	eventually(t, "a summary comes", func() bool { return len(m.got()) == 2 })
	cancel()
	<-ended
	if e := m.got()[1]; e.Suppressed != 9 {
		t.Errorf("%+v", e)
	}
}

// A match that lies in what a piece repeats of the one before is told once.
func TestWatchSeams(t *testing.T) {
	m := &memory{}
	w := &watcher{Options: Options{Matcher: wordsHere(t, "root")}, counts: make([]counts, 1)}
	out, err := openOutlet(SinkOptions{Name: "s", Sink: m}, newQueues(), store{}, logTo(&lockedBuffer{}))
	if err != nil {
		t.Fatal(err)
	}
	w.outlets = []*outlet{out}
	matcher, _ := w.Matcher()
	p := &pump{watcher: w, options: &SourceOptions{}, counts: &w.counts[0], matcher: matcher}
	for _, r := range []Record{
		{Text: []byte("xx root ro"), Cut: true},
		{Text: []byte(" root root y"), Overlap: 8},
	} {
		if err := p.take(t.Context(), &Batch{Records: []Record{r}}); err != nil {
			t.Fatal(err)
		}
	}
	events, _ := out.queue.head(10)
	if len(events) != 2 || events[0].Start != 3 || events[1].Start != 6 {
		t.Errorf("%+v", events)
	}
}

// asker answers as a fleet does, with the answers of a matcher here.
type asker struct {
	here   Matcher
	most   int // texts of a request; more are too large
	errs   []error
	asked  int
	header wire.RequestHeader
}

func (a *asker) Do(ctx context.Context, r *client.Request) (*client.Answer, error) {
	a.asked++
	a.header = r.Header
	if len(a.errs) > 0 {
		err := a.errs[0]
		a.errs = a.errs[1:]
		return nil, err
	}
	if len(r.Texts) > a.most {
		return nil, wire.Errorf(wire.TooLarge, "too large")
	}
	results := make([][]byte, len(r.Texts))
	found := make([]string, len(r.Texts))
	_, _ = a.here.Match(ctx, r.Texts, func(i int, m *Match) {
		found[i] += fmt.Sprintf(`,{"rule":%q,"start":%d,"end":%d,"severity":"high","tags":["t"],"message":"m","groups":{"g":"v"}}`, m.Rule, m.Start, m.End)
	})
	for i := range results {
		results[i] = []byte(`{"matches":[` + strings.TrimPrefix(found[i], ",") + `]}`)
	}
	return &client.Answer{Results: results}, nil
}

// A fleet's answers become the same events; what is too large goes in halves.
func TestWatchAsksFleet(t *testing.T) {
	here, _ := wordsHere(t, "root")()
	a := &asker{here: here, most: 3, errs: []error{wire.Errorf(wire.UnknownRules, "no such rules"), &client.NoBrokerError{}}}
	m := &memory{}
	var log lockedBuffer
	err := Run(t.Context(), Options{
		Matcher: func() (Matcher, error) { return Fleet(a, []string{"pii"}, time.Second), nil }, Log: logTo(&log),
		Sources: []SourceOptions{{Name: "log", Source: &lines{text: numbered(20, "x"), size: 20}}}, Sinks: []SinkOptions{{Name: "s", Sink: m}},
	})
	if err != nil {
		t.Fatal(err)
	}
	events := m.got()
	if len(events) != 20 {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		if string(e.Line) != fmt.Sprintf("x %d root", i) || e.Rules != "pii" || e.Rule != "root" || e.Severity != "high" || e.Message != "m" || string(e.Groups[0].Value) != "v" || string(e.Text) != "root" {
			t.Fatalf("%+v", e)
		}
	}
	if a.header.Rules != "pii" || a.header.Lines || a.header.Deadline != time.Second {
		t.Errorf("%+v", a.header)
	}
	if strings.Count(log.String(), "nothing can be matched") != 1 {
		t.Error(log.String())
	}
}

// One record that no broker takes is passed over and counted.
func TestWatchPassesOverTooLarge(t *testing.T) {
	here, _ := wordsHere(t, "root")()
	a := &asker{here: here, most: 0}
	f := Fleet(a, []string{"default"}, 0)
	u, err := f.Match(t.Context(), [][]byte{[]byte("root"), []byte("root")}, func(int, *Match) { t.Error("a match") })
	if err != nil || u.Refused != 2 {
		t.Error(u, err)
	}
}

// What a worker answers may be anything.
func FuzzReadResult(f *testing.F) {
	f.Add([]byte(`{"matches":[{"rule":"a","start":1,"end":2,"groups":{"x":"y"},"groups_b64":{"z":"/w=="}}],"truncated":true,"incomplete":["b"]}`))
	f.Add([]byte(nothing))
	f.Fuzz(func(t *testing.T, data []byte) {
		var u Unsure
		_ = readResult(data, "r", 0, 10, func(_ int, m *Match) {
			if m.Start < 0 || m.End > 10 || m.Start > m.End {
				t.Fatalf("%+v", m)
			}
		}, &u)
	})
}

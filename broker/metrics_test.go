package broker

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// row is a metric's line in docs/metrics.md.
func (m *metric) row() string {
	labels := ""
	for i, l := range m.labels {
		if i > 0 {
			labels += ", "
		}
		labels += "`" + l + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", m.name, m.kind, labels, m.help)
}

func TestDocsListEveryMetric(t *testing.T) {
	doc, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(doc)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for _, m := range families {
		want = append(want, m.row())
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/metrics.md should list:\n%s\nit lists:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// series are the samples of an exposition, by name and labels, and its families.
func series(t *testing.T, text string) (samples map[string]float64, kinds map[string]string) {
	t.Helper()
	samples, kinds = make(map[string]float64), make(map[string]string)
	sample := regexp.MustCompile(`^([a-z][a-z0-9_]*)((?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)$`)
	current := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if f := strings.Fields(line); f[0] == "#" {
			if f[1] == "TYPE" {
				if kinds[f[2]] != "" {
					t.Errorf("%s comes in two pieces", f[2])
				}
				current, kinds[f[2]] = f[2], f[3]
			}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no sample: %q", line)
		}
		name := m[1]
		if kinds[current] == "histogram" {
			name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		}
		if name != current {
			t.Errorf("%s stands below %s", name, current)
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, twice := samples[m[1]+m[2]]; twice {
			t.Errorf("%s comes twice", m[1]+m[2])
		}
		samples[m[1]+m[2]] = v
	}
	return samples, kinds
}

// beat sends a heartbeat of a board.
func (w *fakeWorker) beat(health string) {
	w.send("B", `{"requests":7,"failed":1,"bytes":1000,"matches":3,"busy_us":1500000,"resident_bytes":5,"slots":2,"health":`+health+`}`)
}

func TestMetrics(t *testing.T) {
	r := startHTTP(t, func(o *Options) { o.ExpectRules = []string{"pii"} })
	w := r.hello("board \"1\"", "n", 4, "default", "logs")
	if got := w.recv(); got[0] != "W" {
		t.Fatalf("not welcome: %q", got)
	}
	w.beat(`{"load":1.5,"celsius":81.5,"hot":true,"uptime_s":60}`)
	r.until("the heartbeat is there", func(s *wire.Status) bool { return s.Workers[0].Slots == 2 })
	c := r.client()
	for _, header := range []string{`{}`, `{"rules":"default@abababababab"}`, `{"rules":"default@ababababababab"}`, `{"rules":"logs"}`} {
		c.send(header, "text")
		w.answer(w.task(), `{}`, `{"matches":[]}`)
		c.recv()
	}
	c.send(`{"op":"report"}`, `{"name":"attic","sources":[{"name":"web","records":7,"behind_bytes":12}],"sinks":[{"name":"phone","state":"away","dropped":2,"refused":1}]}`)
	c.recv()
	c.send(`{"rules":"made-up by a client","deadline_ms":60000}`, "text")
	c.send(`{"rules":"pii","deadline_ms":60000}`, "text")
	c.send(`{"worker":"made-up by a client","deadline_ms":60000}`, "text")
	r.until("three wait", func(s *wire.Status) bool { return s.Broker.Pending == 3 })

	code, text := r.get("/metrics")
	if code != 200 {
		t.Fatalf("status %d", code)
	}
	got, kinds := series(t, text)
	attic := `{watcher="attic",host="` + hostOf(r.status().Watchers[0].Address) + `"}`
	for name, want := range map[string]float64{
		`trawl_broker_draining`:                                                      0,
		`trawl_broker_requests_pending`:                                              3,
		`trawl_broker_queue_length{rule_set="pii"}`:                                  1,
		`trawl_broker_queue_length{rule_set="default"}`:                              0,
		`trawl_broker_queue_oldest_seconds{rule_set="default"}`:                      0,
		`trawl_broker_named_queue_length`:                                            1,
		`trawl_broker_rule_set_workers{rule_set="logs"}`:                             1,
		`trawl_broker_request_duration_seconds_count{rule_set="default"}`:            3, // with those that name a pack
		`trawl_broker_request_duration_seconds_count{rule_set="pii"}`:                0,
		`trawl_broker_request_duration_seconds_bucket{rule_set="default",le="+Inf"}`: 3,
		`trawl_broker_workers{kind="trawl",state="ready"}`:                           1,
		`trawl_broker_workers{kind="plain",state="silent"}`:                          0,
		`trawl_broker_worker_slots{worker="board \"1\""}`:                            2,
		`trawl_broker_worker_max_slots{worker="board \"1\""}`:                        4,
		`trawl_broker_worker_answered_total{worker="board \"1\""}`:                   4,
		`trawl_broker_worker_busy_seconds_total{worker="board \"1\""}`:               1.5,
		`trawl_broker_board_temperature_celsius{worker="board \"1\""}`:               81.5,
		`trawl_broker_board_hot{worker="board \"1\""}`:                               1,
		`trawl_broker_board_under_voltage{worker="board \"1\""}`:                     0,
		`trawl_broker_watchers`:                                                      1,
		`trawl_broker_watcher_records_total` + attic:                                 7,
		`trawl_broker_watcher_behind_bytes` + attic:                                  12,
		`trawl_broker_watcher_dropped_total` + attic:                                 3,
		`trawl_broker_watcher_sinks_away` + attic:                                    1,
		`trawl_broker_series_omitted{kind="rule_sets"}`:                              0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v", name, v, ok, want)
		}
	}
	if got[`trawl_broker_queue_oldest_seconds{rule_set="pii"}`] <= 0 {
		t.Error("nothing waits for pii")
	}
	if got[`trawl_broker_requests_total{outcome="ok"}`] < 4 || got[`trawl_broker_received_bytes_total`] < 100 || got[`trawl_broker_sent_bytes_total`] < 100 {
		t.Error("requests are not counted")
	}
	if strings.Contains(text, "made-up") || strings.Contains(text, "abab") {
		t.Error("a name that a client made up has series")
	}
	for _, m := range families {
		// What only some systems tell, and what did not happen, may be missing.
		if kinds[m.name] != m.kind && m != mRefused && m != mRuleMatches && !strings.HasPrefix(m.name, "process_") && !strings.HasPrefix(m.name, "trawl_broker_regex_") {
			t.Errorf("%s is %q, want a %s", m.name, kinds[m.name], m.kind)
		}
	}
	for name := range kinds {
		if !slices.ContainsFunc(families, func(m *metric) bool { return m.name == name }) {
			t.Errorf("%s is not in the list", name)
		}
	}
}

// Each worker has a client, for what it asks.
func TestWorkersCountAsNoClients(t *testing.T) {
	d := newDirect(t, Options{})
	d.client()
	d.worker("w", 1, true)
	d.plainWorker("p", "default")
	if n, s := d.r.snapshot(d.now).clients, d.r.status(d.now).Broker.Clients; n != 1 || s != 1 {
		t.Errorf("metrics have %d clients, status %d, want 1", n, s)
	}
}

func TestHistogramsAreCumulative(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, 100 * time.Microsecond, 200 * time.Microsecond, time.Second, time.Minute, time.Hour} {
		h.observe(d)
	}
	m := &metric{name: "x", kind: "histogram", labels: []string{"l"}}
	e := &promText{}
	e.histogram(m, &h, "v")
	got, _ := series(t, string(e.b))
	for le, want := range map[string]float64{"0.000128": 2, "0.000256": 3, "0.524288": 3, "1.048576": 4, "16.777216": 4, "+Inf": 6} {
		if v, ok := got[`x_bucket{l="v",le="`+le+`"}`]; !ok || v != want {
			t.Errorf("up to %s: %v (%v), want %v", le, v, ok, want)
		}
	}
	if n := strings.Count(string(e.b), "_bucket"); n != 19 {
		t.Errorf("%d buckets", n)
	}
	if got[`x_count{l="v"}`] != 6 || got[`x_sum{l="v"}`] != 3661.0003 {
		t.Errorf("%s", e.b)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	d := newDirect(t, Options{})
	for i := range maxWorkerSeries + 10 {
		d.worker(fmt.Sprint("w", i), 1, true, fmt.Sprint("set", i))
	}
	s := d.r.snapshot(d.now)
	if all, omitted := s.workerSeries(); len(all) != maxWorkerSeries || omitted != 10 {
		t.Errorf("%d workers, %d omitted", len(all), omitted)
	}
	if all, omitted := seriesOf(s.targets); len(all) != maxRuleSetSeries || omitted != maxWorkerSeries+10+1-maxRuleSetSeries {
		t.Errorf("%d rule sets, %d omitted", len(all), omitted)
	}
}

func BenchmarkMetrics(b *testing.B) {
	d := newDirect(b, Options{})
	for i := range 16 {
		d.worker(fmt.Sprint("w", i), 4, true, fmt.Sprint("set", i%4))
	}
	for b.Loop() {
		d.b.exposition()
	}
}

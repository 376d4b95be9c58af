package watch

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// get asks the watcher's port, with a Host header.
func get(t *testing.T, url, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(a.Body)
	return a.StatusCode, string(body)
}

// freePort returns an address of this machine that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestMetricsOfAWatcher(t *testing.T) {
	at, l := freePort(t), &lines{text: []string{"a root", "b", "root and root"}, after: make(chan struct{})}
	sink := &memory{}
	ended := make(chan error)
	go func() {
		ended <- Run(t.Context(), Options{
			Board: "attic", Version: "1.2", Matcher: wordsHere(t, "root"), HTTP: at,
			Sources: []SourceOptions{{Name: "log", Source: l}}, Sinks: []SinkOptions{{Name: "all", Sink: sink}},
		})
	}()
	eventually(t, "the metrics have all", func() bool {
		_, text := get(t, "http://"+at+"/metrics", "")
		for _, line := range []string{
			`trawl_watch_info{version="1.2"} 1`, `trawl_watch_matches_total{rule="root",source="log"} 3`, `trawl_watch_records_total{source="log"} 3`,
			`trawl_watch_sink_delivered_total{sink="all"} 3`, `trawl_watch_sink_up{sink="all"} 1`, `trawl_watch_matches_omitted_total 0`,
		} {
			if !strings.Contains(text, "\n"+line+"\n") {
				return false
			}
		}
		return true
	})
	if code, text := get(t, "http://"+at+"/healthz", ""); code != 200 || text != "ok\n" {
		t.Errorf("%d %s", code, text)
	}
	if code, _ := get(t, "http://"+at+"/metrics", "evil.example"); code != http.StatusForbidden {
		t.Errorf("a host of somebody else: %d", code)
	}
	close(l.after)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if code, _ := get(t, "http://"+at+"/metrics", ""); code != 0 {
		t.Errorf("%d after the end", code)
	}
}

// A port that is taken ends the start, with advice.
func TestMetricsPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Run(t.Context(), Options{Matcher: wordsHere(t, "root"), HTTP: l.Addr().String(), Sinks: []SinkOptions{{Name: "all", Sink: &memory{}}}})
	if err == nil || !strings.Contains(err.Error(), "the port is taken") {
		t.Error(err)
	}
}

// However many rules match and whatever their ids are, series are bounded and well-formed.
func TestHitsAreBounded(t *testing.T) {
	h := &hits{on: true}
	for i := range 3 * maxHits {
		h.note([]*Event{{Source: "log", Rule: fmt.Sprintf("%d\n\"\\\xff%s", i, strings.Repeat("x", 1000))}})
	}
	keys, _, omitted := h.list()
	if len(keys) != maxHits || omitted != 2*maxHits {
		t.Errorf("%d series, %d omitted", len(keys), omitted)
	}
	x := &exposition{}
	x.sample("m", 1, "rule", keys[0].rule, "source", "log")
	if bytes.Count(x.b, []byte("\n")) != 1 || len(x.b) > 200 || !bytes.Contains(x.b, []byte(`\n\"\\`+"\ufffd")) {
		t.Errorf("%q", x.b)
	}
}

// Connections that say nothing take places, and no memory beyond them.
func TestHTTPConnectionsAreBounded(t *testing.T) {
	at := freePort(t)
	h, err := serveHTTP(at, func() []byte { return nil }, logTo(&lockedBuffer{}))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 * maxHTTPConns {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	h.close() // goleak finds what is left
}

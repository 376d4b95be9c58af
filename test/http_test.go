// The broker's HTTP port, with real processes and Prometheus's own parser.

package test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	needs "trawl/test/need"
)

// ask does an HTTP request.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// promCheck gives metrics to Prometheus's parser and returns the families it found.
func promCheck(t *testing.T, metrics string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "promcheck")
	if out, err := needs.GoBuild("promcheck", nil, "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	check := needs.Command(program)
	check.Stdin = strings.NewReader(metrics)
	out, err := check.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, metrics)
	}
	return string(out)
}

func TestHTTPOfAFleet(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	f.broker(t, "--http", address, "--http-match")
	f.worker(t, "w", f.history(t))
	f.waitWorkers(t, 1)
	url := "http://" + address

	if code, body := ask(t, "POST", url+"/match", historyText); code != 200 || body != historyAnswer {
		t.Errorf("/match: %d %s", code, body)
	}
	if code, body := ask(t, "POST", url+"/match?want=count&rules=default", historyText); code != 200 || body != `{"count":3}` {
		t.Errorf("/match: %d %s", code, body)
	}
	for query, want := range map[string]int{
		"want=all": 400, "rules=nothing&deadline_ms=1": 503, strings.Repeat("x", 10_000) + "=": 400,
	} {
		if code, body := ask(t, "POST", url+"/match?"+query, historyText); code != want || !strings.HasPrefix(body, `{"error":{"code":"`) {
			t.Errorf("/match?%.40s: %d %s, want %d", query, code, body, want)
		}
	}
	if code, body := ask(t, "GET", url+"/readyz", ""); code != 200 || body != "ready\nworkers: 1\n" {
		t.Errorf("/readyz: %d %s", code, body)
	}
	var metrics string
	eventually(t, "the worker's heartbeat has come", func() bool {
		_, metrics = ask(t, "GET", url+"/metrics", "")
		return strings.Contains(metrics, `trawl_broker_worker_requests_total{worker="w"} 2`)
	})
	for _, want := range []string{
		`trawl_broker_requests_total{outcome="no_worker"} 1`, `trawl_broker_requests_pending 0`,
		`trawl_broker_request_duration_seconds_count{rule_set="default"} 2`, `trawl_broker_worker_matches_total{worker="w"} 6`,
	} {
		if !strings.Contains(metrics, "\n"+want+"\n") {
			t.Errorf("no line %s in:\n%s", want, metrics)
		}
	}
	families := promCheck(t, metrics)
	for _, want := range []string{
		"trawl_broker_request_duration_seconds HISTOGRAM 1\n", "trawl_broker_board_load1 GAUGE 1\n",
		"process_resident_memory_bytes GAUGE 1\n", "process_cpu_seconds_total COUNTER 1\n", "process_open_fds GAUGE 1\n", "go_goroutines GAUGE 1\n",
	} {
		if !strings.Contains(families, want) {
			t.Errorf("no %s in:\n%s", want, families)
		}
	}
}

// Connections that never say anything, or stop in the middle of a request, cost
// a bounded amount of memory, and nobody else the service.
func TestHTTPWithoutEnd(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "")
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	broker := f.broker(t, "--http", address, "--http-match")
	f.worker(t, "w", f.history(t))
	f.waitWorkers(t, 1)
	before := resident(t, broker)
	for i := range 3000 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		begin := []string{"", "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Le", "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nbegun"}
		_, _ = io.WriteString(conn, begin[i%3])
	}
	eventually(t, "another one is served", func() bool {
		client := http.Client{Timeout: 5 * time.Second}
		resp, err := client.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
	if out, _, code := f.run(t, "", "send", historyText); code != 0 || strings.TrimSpace(out) != historyAnswer {
		t.Errorf("send: %d %s", code, out)
	}
	if after := resident(t, broker); after > before+32<<20 && os.Getenv("TRAWL_RACE") == "" {
		t.Errorf("%d bytes resident, %d before", after, before)
	}
}

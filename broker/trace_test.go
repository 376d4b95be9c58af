package broker

import (
	"bytes"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"trawl/edge/wire"
)

// traced is a broker without sockets that logs at a level.
func traced(t *testing.T, level slog.Level) (*direct, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return newDirect(t, Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level}))}), log
}

// events are what the log says of one request, in order.
func events(log, request string) (events []string) {
	what := regexp.MustCompile(`msg=("[^"]*"|\S+)`)
	for line := range strings.Lines(log) {
		if strings.Contains(line, " request="+request) {
			events = append(events, strings.Trim(what.FindStringSubmatch(line)[1], `"`))
		}
	}
	return events
}

// requestOf is the id of the request that a client calls so.
func requestOf(t *testing.T, log, id string) string {
	t.Helper()
	m := regexp.MustCompile(`msg="request accepted" request=([0-9a-f]{16}) .*id=` + id + `(\s|$)`).FindStringSubmatch(log)
	if m == nil {
		t.Fatalf("no request %q in:\n%s", id, log)
	}
	return m[1]
}

func TestLogTellsTheLifeOfARequest(t *testing.T) {
	d, log := traced(t, slog.LevelDebug)
	c := d.client()
	d.send(c, "envelope", `{"id":"mine"}`, "x")
	a := d.worker("a", 1, true)
	a.receive(d)
	d.lose(a)
	b := d.worker("b", 1, true)
	b.receive(d)
	control, _ := wire.ParseRequestControl([]byte(b.port.sent[0][0]))
	number := control.Number
	b.answer(d, 0, false)
	request := requestOf(t, log.String(), "mine")
	if got := wire.LogID(control.ID); got != request {
		t.Errorf("the worker was told the id %s, the log has %s", got, request)
	}
	want := []string{"request accepted", "request queued", "request dispatched", "request lost with its worker", "request dispatched", "request answered", "answer delivered"}
	if got := events(log.String(), request); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q\nwant %q\n%s", got, want, log)
	}
	for _, part := range []string{"worker=b number=" + fmt.Sprint(number), "client=test", "deadline=10s"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
}

func TestLogTellsHowRequestsEnd(t *testing.T) {
	d, log := traced(t, slog.LevelDebug)
	c := d.client()
	d.send(c, "1", `{"id":"late","deadline_ms":100}`, "x")
	d.send(c, "2", `{"id":"bad","limit":-1}`, "x")
	d.send(c, "3", `{"id":"left"}`, "x")
	d.advance(200 * 1e6)
	d.r.removeClient(c.client, d.out())
	if got := events(log.String(), requestOf(t, log.String(), "late")); fmt.Sprint(got[2:]) != "[request failed answer delivered]" {
		t.Errorf("late: %q", got)
	}
	if got := events(log.String(), requestOf(t, log.String(), "left")); got[len(got)-1] != "request dropped: its client is gone" {
		t.Errorf("left: %q", got)
	}
	if !regexp.MustCompile(`msg="request refused" client=test id=bad error="bad_request: `).MatchString(log.String()) {
		t.Errorf("no refusal:\n%s", log)
	}
}

func TestClientsCannotWriteTheLog(t *testing.T) {
	d, log := traced(t, slog.LevelDebug)
	d.send(d.client(), "1", `{"id":"a\nlevel=ERROR msg=forged `+strings.Repeat("x", 10_000)+`"}`, "x")
	if n := strings.Count(log.String(), "\n"); n != 2 || log.Len() > 1000 || !strings.Contains(log.String(), `id="a\nlevel=ERROR msg=forged`) {
		t.Errorf("%d lines, %d bytes:\n%.500s", n, log.Len(), log)
	}
}

func TestNoTraceNoBytes(t *testing.T) {
	d, log := traced(t, slog.LevelInfo)
	w := d.worker("w", 1, true)
	d.send(d.client(), "1", `{"id":"mine"}`, "x")
	if control := w.port.sent[0][0]; len(control) != 15 {
		t.Errorf("a control frame of %d bytes", len(control))
	}
	if log.Len() > 0 {
		t.Errorf("it says %s", log)
	}
}

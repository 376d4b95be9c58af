// Bad requests: each gets its error, and the connection goes on.

package test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

const smallLimits = "limits: {text: 64KiB, request: 128KiB, frame: 256KiB, answer: 128KiB, texts: 100, queue: 10}"

func TestBadRequests(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, smallLimits)
	broker := f.broker(t)
	f.worker(t, "w1", f.history(t))
	f.waitWorkers(t, 1)
	client := newSocket(t, "DEALER", f.clients)
	kib := func(n int) string { return strings.Repeat("x", n<<10) }

	for _, test := range []struct {
		name    string
		request []string
		code    wire.Code
		words   string // in the message
	}{
		{"unknown key", []string{`{"id":"7","rulez":"default"}`, "x"}, wire.BadRequest, `"rulez"`},
		{"header is a list", []string{`[1,2]`, "x"}, wire.BadRequest, "JSON object"},
		{"header is text", []string{"one", "two"}, wire.BadRequest, "JSON object"},
		{"header is cut off", []string{`{"id":`, "x"}, wire.BadRequest, "JSON object"},
		{"header goes on behind the object", []string{`{} {}`, "x"}, wire.BadRequest, "JSON object"},
		{"header is too long", []string{`{"id":"` + kib(64) + `"}`, "x"}, wire.BadRequest, "65536"},
		{"id is a number", []string{`{"id":7}`, "x"}, wire.BadRequest, `"id"`},
		{"rules is null", []string{`{"rules":null}`, "x"}, wire.BadRequest, `"rules"`},
		{"rules has a bad hash", []string{`{"rules":"default@xyz"}`, "x"}, wire.BadRequest, "name@hash"},
		{"deadline is zero", []string{`{"deadline_ms":0}`, "x"}, wire.BadRequest, `"deadline_ms"`},
		{"deadline is over a day", []string{`{"deadline_ms":86400001}`, "x"}, wire.BadRequest, `"deadline_ms"`},
		{"priority is ten", []string{`{"priority":10}`, "x"}, wire.BadRequest, `"priority"`},
		{"limit is negative", []string{`{"limit":-1}`, "x"}, wire.BadRequest, `"limit"`},
		{"want is unknown", []string{`{"want":"all"}`, "x"}, wire.BadRequest, `"want"`},
		{"fields has an unknown one", []string{`{"fields":["colour"]}`, "x"}, wire.BadRequest, "colour"},
		{"split is unknown", []string{`{"split":"words"}`, "x"}, wire.BadRequest, `"split"`},
		{"format is unknown", []string{`{"format":"xml"}`, "x"}, wire.BadRequest, `"format"`},
		{"packed with fields", []string{`{"format":"packed","fields":["text"]}`, "x"}, wire.BadRequest, "packed"},
		{"op is unknown", []string{`{"op":"reboot"}`, ""}, wire.BadRequest, `"op"`},
		{"text is over the limit", []string{`{}`, kib(64) + "x"}, wire.TooLarge, "65536"},
		{"bare text is over the limit", []string{kib(64) + "x"}, wire.TooLarge, "65536"},
		{"request is over the limit", []string{`{}`, kib(60), kib(60), kib(60)}, wire.TooLarge, "131072"},
		{"too many texts", append([]string{`{}`}, strings.Split(strings.Repeat("x", 101), "")...), wire.TooLarge, "100"},
		{"hash of another pack", []string{`{"rules":"default@0123456789ab","deadline_ms":50}`, "x"}, wire.NoWorker, "default@0123456789ab"},
		{"stop of an unknown worker", []string{`{"op":"stop","worker":"nobody"}`, ""}, wire.UnknownWorker, "nobody"},
		{"unknown rules on a known worker", []string{`{"worker":"w1","rules":"nothing"}`, "x"}, wire.UnknownRules, "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantError(t, client.ask(t, test.request...), test.code, test.words)
			wantHistory(t, client.ask(t, `{}`, historyText))
		})
	}

	t.Run("id comes back with the error", func(t *testing.T) {
		if h, _ := answer(t, client.ask(t, `{"rulez":"x","id":"7"}`, "x")); h.ID != "7" {
			t.Errorf("id %q, want 7", h.ID)
		}
	})
	t.Run("designated worker", func(t *testing.T) {
		if h := wantHistory(t, client.ask(t, `{"worker":"w1","id":""}`, historyText)); h.Worker != "w1" {
			t.Errorf("answered by %q", h.Worker)
		}
	})
	t.Run("bare text that looks like control", func(t *testing.T) {
		if got := client.ask(t, `{"op":"stop"}`); len(got) != 1 || got[0] != `{"matches":[]}` {
			t.Errorf("got %q", got)
		}
	})
	t.Run("frame over the hard limit", func(t *testing.T) {
		other := newSocket(t, "DEALER", f.clients)
		wantHistory(t, other.ask(t, `{}`, historyText))
		other.send(t, `{"id":"huge"}`, kib(300)) // ends the connection; libzmq makes another
		broker.waitLog(t, "262144")
		eventually(t, "a new connection serves", func() bool {
			h, _ := answer(t, other.ask(t, `{}`, historyText))
			return h.Error == nil
		})
	})
	wantHistory(t, client.ask(t, `{}`, historyText))
}

// With nobody there for a request, what comes depends on whether its address
// was ever heard of.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, smallLimits)
	f.broker(t)
	client := newSocket(t, "DEALER", f.clients)

	wantError(t, client.ask(t, `{"deadline_ms":1}`, "x"), wire.NoWorker, `"default"`)
	if got := newSocket(t, "DEALER", f.clients).ask(t, "", `{"deadline_ms":1}`, "x"); len(got) != 2 || got[0] != "" {
		t.Errorf("the envelope did not come back: %q", got)
	} else {
		wantError(t, got[1:], wire.NoWorker, "")
	}

	// While boards may still come up, unknown names are waited for.
	client.send(t, `{"id":"rules","rules":"nothing","deadline_ms":60000}`, "x")
	client.send(t, `{"id":"worker","worker":"nobody","deadline_ms":60000}`, "x")
	client.send(t, `{"id":"impatient","rules":"nothing","deadline_ms":50}`, "x")
	client.send(t, `{"id":"known","deadline_ms":60000}`, historyText)
	got := map[string][]string{}
	for range 3 {
		frames := client.receive(t)
		h, _ := answer(t, frames)
		got[h.ID] = frames
	}
	wantError(t, got["impatient"], wire.NoWorker, `"nothing"`)
	wantError(t, got["rules"], wire.UnknownRules, `"nothing"`)
	wantError(t, got["worker"], wire.UnknownWorker, `"nobody"`)

	// Later they are refused at once: the known one still waits.
	wantError(t, client.ask(t, `{"rules":"nothing","deadline_ms":60000}`, "x"), wire.UnknownRules, `"nothing"`)
	wantError(t, client.ask(t, `{"worker":"nobody","deadline_ms":60000}`, "x"), wire.UnknownWorker, `"nobody"`)
	f.worker(t, "w1", f.history(t))
	if h := wantHistory(t, client.receive(t)); h.ID != "known" {
		t.Errorf("id %q, want that of the request that waited", h.ID)
	}
}

// The queue has ten places, of which one client may take as many as it leaves.
func TestFullQueueIsBusy(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, smallLimits)
	f.broker(t)
	client := newSocket(t, "DEALER", f.clients)
	for i := range 6 {
		client.send(t, fmt.Sprintf(`{"id":"%d","deadline_ms":60000}`, i), historyText)
	}
	refused := client.receive(t)
	wantError(t, refused, wire.Busy, "5 requests of this client")
	if h, _ := answer(t, refused); h.ID != "5" {
		t.Errorf("refused was request %s, want the last", h.ID)
	}
	others := make([]*socket, 4)
	for i, want := range []int{3, 1, 1, 0} { // half of 5, rounded up, and so on
		others[i] = newSocket(t, "DEALER", f.clients)
		for range want + 1 {
			others[i].send(t, `{"deadline_ms":60000}`, historyText)
		}
		says := "of this client"
		if i > 1 {
			says = "10 requests wait"
		}
		wantError(t, others[i].receive(t), wire.Busy, says)
	}
	f.worker(t, "w1", f.history(t))
	ids := map[string]bool{}
	for range 5 {
		ids[wantHistory(t, client.receive(t)).ID] = true
	}
	if len(ids) != 5 || ids["5"] {
		t.Errorf("answered were %v, want the first five", ids)
	}
	wantHistory(t, client.ask(t, `{}`, historyText))
}

func TestLostDesignatedWorker(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	worker := newSocket(t, "REP", f.workers)
	f.waitWorkers(t, 1)
	name := f.status(t).Workers[0].Name
	client := newSocket(t, "DEALER", f.clients)
	client.send(t, fmt.Sprintf(`{"worker":%q}`, name), "x")
	worker.receive(t)
	worker.kill()
	wantError(t, client.receive(t), wire.WorkerLost, name)
	// Its name is known from now on, and waited for.
	wantError(t, client.ask(t, fmt.Sprintf(`{"worker":%q,"deadline_ms":50}`, name), "x"), wire.NoWorker, name)
}

// A request that takes down two workers is not given to a third.
func TestRequestThatKillsWorkers(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	f.broker(t)
	client := newSocket(t, "DEALER", f.clients)
	client.send(t, `{"deadline_ms":60000}`, "poison")
	for range 2 {
		w := newSocket(t, "REP", f.workers)
		w.receive(t)
		w.kill()
	}
	wantError(t, client.receive(t), wire.WorkerLost, "2 workers")
	third := newSocket(t, "REP", f.workers)
	client.send(t, `{}`, "harmless")
	if got := third.receive(t); len(got) != 1 || got[0] != "harmless" {
		t.Errorf("the third worker got %q", got)
	}
}

// Strangers at either port do no harm to those who belong there.
func TestWrongPort(t *testing.T) {
	t.Parallel()
	need(t, "python3-zmq")
	f := newFleet(t, "")
	broker := f.broker(t)
	f.worker(t, "w1", f.history(t))
	f.waitWorkers(t, 1)

	t.Run("REQ at the worker port", func(t *testing.T) {
		client := newSocket(t, "REQ", f.workers)
		for range 2 {
			wantError(t, client.ask(t, historyText), wire.BadRequest, f.clients)
		}
	})
	for _, message := range [][]string{
		{"garbage"},
		{"", "garbage"},
		{"H"},
		{"H", "garbage"},
		{"H", `{"protocol":"99.0","name":"w9","nonce":"n","slots":1,"rules":[{"name":"default"}]}`},
		{"H", `{"protocol":"1.0","name":"","nonce":"n","slots":1,"rules":[{"name":"default"}]}`},
		{"H", `{"protocol":"1.0","name":"w9","nonce":"n","slots":0,"rules":[{"name":"default"}]}`},
		{"H", `{"protocol":"1.0","name":"w9","nonce":"n","slots":1,"rules":[]}`},
		{`{}`, historyText},
	} {
		t.Run(fmt.Sprintf("DEALER with %.30q at the worker port", message), func(t *testing.T) {
			got := newSocket(t, "DEALER", f.workers).ask(t, message...)
			if len(got) != 2 || got[0] != "X" {
				t.Fatalf("got %q, want a refusal", got)
			}
			wantError(t, got[1:], wire.BadRequest, "")
		})
	}
	t.Run("a worker that breaks the protocol", func(t *testing.T) {
		worker := newSocket(t, "DEALER", f.workers)
		got := worker.ask(t, "H", `{"protocol":"1.0","version":"x","name":"rude","nonce":"n","slots":1,"rules":[{"name":"rude"}]}`)
		var welcome wire.Welcome
		if len(got) != 2 || got[0] != "W" || json.Unmarshal([]byte(got[1]), &welcome) != nil || welcome.HeartbeatMS < 1 {
			t.Fatalf("got %q, want a welcome", got)
		}
		worker.send(t, "?", "garbage")
		broker.waitLog(t, "worker broke the protocol")
		f.waitStatus(t, "it is out", func(s *wire.Status) bool { return workerStatus(s, "rude") == nil })
	})
	t.Run("SUB at both ports", func(t *testing.T) {
		newSocket(t, "SUB", f.workers)
		newSocket(t, "SUB", f.clients)
		broker.waitLog(t, "SUB")
	})
	t.Run("no ZeroMQ at all", func(t *testing.T) {
		for _, endpoint := range []string{f.clients, f.workers} {
			c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: pi1\r\n\r\n" + strings.Repeat("x", 64))); err != nil {
				t.Fatal(err)
			}
			for buf := make([]byte, 256); err == nil; {
				_, err = c.Read(buf)
			}
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Errorf("%s keeps the connection", endpoint)
			}
		}
	})

	if out, stderr, _ := f.run(t, "", "send", historyText); out != historyAnswer+"\n" {
		t.Errorf("after all that: %s%s", out, stderr)
	}
	if s := f.status(t); len(s.Workers) != 1 {
		t.Errorf("workers %+v, want w1 alone", s.Workers)
	}
}

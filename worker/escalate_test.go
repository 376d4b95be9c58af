package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trawl/edge/wire"
)

// What the worker holds at once is bounded, whoever adds to it.
func TestEscalatedResultsStayWithinTheAnswerLimit(t *testing.T) {
	const most = 2000
	b := listen(t)
	o := options(b, t)
	o.Limits = Limits{Answer: most}
	o.Escalate = []Escalation{{Rules: "default", To: "a"}, {Rules: "default", To: "b"}}
	run(t, o)
	l, _ := b.welcomeAsking()
	l.request(1, true, time.Minute, `{"limit":0}`, "he")
	for _, to := range []string{"a", "b"} {
		c, frames := l.asks()
		if h, err := wire.ParseRequestHeader([]byte(frames[0])); err != nil || h.Rules != to || frames[1] != "he" {
			t.Fatalf("asks %q", frames)
		}
		var matches []string
		for i := range 40 {
			matches = append(matches, fmt.Sprintf(`{"rule":"%s-%02d","start":0,"end":2}`, to, i))
		}
		l.tell(c, `{"worker":"o","rules":"`+to+`@1"}`, `{"matches":[`+strings.Join(matches, ",")+`]}`)
	}
	failed, got := l.reply(1)
	if failed || len(got[1]) < most*3/4 || len(got[1]) > most*5/4 || !strings.HasSuffix(got[1], `"truncated":true}`) {
		t.Errorf("%d bytes: %q", len(got[1]), got)
	}
}

// Whoever is asked has less time than there is, so that what was found here is in time.
func TestEscalationKeepsTimeForItsAnswer(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Escalate = []Escalation{{Rules: "default", To: "a"}}
	run(t, o)
	l, _ := b.welcomeAsking()
	for left, most := range map[time.Duration]time.Duration{
		time.Hour:              time.Hour - time.Second,
		5 * time.Second:        4500 * time.Millisecond,
		500 * time.Millisecond: 400 * time.Millisecond,
		100 * time.Millisecond: 50 * time.Millisecond,
	} {
		l.request(1, true, left, `{}`, "he")
		_, frames := l.asks()
		if h, err := wire.ParseRequestHeader([]byte(frames[0])); err != nil || h.Deadline > most {
			t.Errorf("with %v left: asks for %v, want %v at most", left, h.Deadline, most)
		}
		l.send(string(wire.AppendDispatch(wire.BeginReclaim(nil, wire.KindCancel), 1)))
		for range 2 { // the answers to it and to the reclaim
			l.recv()
		}
	}
}

// A worker that sends texts on does not mask: what others would find there stays visible.
func TestEscalatingWorkersRefuseToMask(t *testing.T) {
	b := listen(t)
	o := options(b, t)
	o.Escalate = []Escalation{{Rules: "default", To: "a"}}
	run(t, o)
	l, _ := b.welcome(time.Minute)
	if failed, got := l.ask(true, `{"want":"masked"}`, "nothing"); !failed || !strings.Contains(got[0], `"bad_request"`) || !strings.Contains(got[0], "escalate") {
		t.Errorf("%v %q", failed, got)
	}
}

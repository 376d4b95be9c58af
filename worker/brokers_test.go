package worker

import (
	"encoding/json"
	"testing"
	"time"

	"trawl/edge/wire"
)

// beat waits for the next heartbeat, answers it, and returns what it said.
func (l *testLink) beat() (s wire.WorkerStats) {
	l.t.Helper()
	for {
		frames := l.recvAny()
		if frames == nil {
			l.t.Fatal("the connection ended")
		}
		if frames[0] == "B" {
			l.send("B")
			if err := json.Unmarshal([]byte(frames[1]), &s); err != nil {
				l.t.Fatal(err)
			}
			return s
		}
	}
}

// The window is one pool, split between the brokers that send requests.
func TestWindowIsSplitBetweenBrokersThatSend(t *testing.T) {
	const heartbeat = 500 * time.Millisecond // a busy machine may keep the test from answering for 3 of them
	a, b := listen(t), listen(t)
	o := options(a, t)
	o.Brokers = append(o.Brokers, b.endpoint)
	run(t, o)
	first, _ := a.welcome(heartbeat)
	second, _ := b.welcome(heartbeat)
	until := time.Now().Add(patience)
	waitWindow := func(want int, both bool) {
		t.Helper()
		for window := -1; window != want; {
			if time.Now().After(until) {
				t.Fatalf("the window is %d, want %d", window, want)
			}
			first.request(1, false, time.Minute, "he")
			if both {
				second.request(1, false, time.Minute, "he")
			}
			window = first.beat().Window
			second.beat()
		}
	}
	waitWindow(0, false) // alone: as the broker likes
	waitWindow(wire.WindowPerSlot*o.Slots/2, true)
	waitWindow(0, false) // the other one has stopped
	waitWindow(wire.WindowPerSlot*o.Slots/2, true)
	_ = second.conn.Close()
	for first.beat().Window != 0 { // it has gone
		first.request(1, false, time.Minute, "he")
		if time.Now().After(until) {
			t.Fatal("the window is still split")
		}
	}
}

// A broker that takes the connection and says nothing is left, and holds up no
// other.
func TestBrokerWithoutWelcomeIsLeft(t *testing.T) {
	mute, good := listen(t), listen(t)
	o := options(mute, t)
	o.Brokers = append(o.Brokers, good.endpoint)
	o.welcomeTime = time.Second // enough for the good one, on a busy machine too
	run(t, o)
	mute.accept()
	l, _ := good.welcome(time.Minute)
	if failed, got := l.ask(false, "he"); failed {
		t.Errorf("%q", got)
	}
	again := mute.accept() // after no welcome
	if got := again.recv(); len(got) == 0 || got[0] != "H" {
		t.Errorf("got %q, want a hello", got)
	}
	again.send("W", `{"protocol":"1.0","broker":"late","heartbeat_ms":60000}`)
	if failed, got := again.ask(false, "he"); failed {
		t.Errorf("%q", got)
	}
}

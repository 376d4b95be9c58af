package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"trawl/edge/wire"
)

// fleetStatus is the status of a fleet with boards of all kinds.
func fleetStatus() []wire.WorkerStatus {
	stats := func(slots int, health string) *wire.WorkerStats {
		return &wire.WorkerStats{
			Requests: 277, Bytes: 70_000_000, Matches: 3897, ResidentBytes: 18 << 20,
			BoardStats: wire.BoardStats{Slots: slots, UptimeS: 7500, Health: json.RawMessage(health)},
		}
	}
	pi := json.RawMessage(`{"model":"Raspberry Pi 4 Model B Rev 1.4","os":"linux","arch":"arm64","cores":4,"memory":971038720}`)
	rules := []wire.ServedRules{{Name: "default"}, {Name: "pii"}}
	return []wire.WorkerStatus{
		{
			Name: "pi2", Kind: "trawl", State: "ready", Address: "192.168.1.12:52864", Version: "1.0.0", Rules: rules, Slots: 2, MaxSlots: 4, Window: 9, Outstanding: 2,
			Answered: 277, Board: pi, Stats: stats(2, `{"load":3.25,"available":524288000,"celsius":81.3,"hot":true,"throttled":true,"uptime_s":273600}`),
		},
		{
			Name: "pi3", Kind: "trawl", State: "ready", Address: "192.168.1.13:52848", Version: "1.0.0", Rules: rules, Slots: 4, MaxSlots: 4, Window: 9,
			Answered: 12231, Board: pi, Stats: stats(0, `{"load":0.1,"available":724288000,"celsius":48.7,"uptime_s":93}`),
		},
		{Name: "mac", Kind: "trawl", State: "ready", Address: "192.168.1.14:1", Rules: rules, Slots: 8, MaxSlots: 8, Window: 17, Board: json.RawMessage(`{"os":"darwin","arch":"arm64","cores":8}`)},
		{Name: "192.168.1.15:40001", Kind: "plain", State: "ready", Address: "192.168.1.15:40001", Rules: rules[:1], Slots: 1, MaxSlots: 1, Window: 1},
	}
}

func TestTableOfBoards(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	a.printBoards(fleetStatus())
	want := `
WORKER  BOARD         CORES  LOAD  MEMORY FREE   TEMP   BOARD UP  TRAWL  UP    HEALTH
pi2     Pi 4 Model B  4      3.2   524 MB (53%)  81 °C  3d4h      1.0.0  2h5m  hot, throttled
pi3     Pi 4 Model B  4      0.1   724 MB (74%)  49 °C  1m33s     1.0.0  2h5m  ok
mac     darwin/arm64  8      -     -             -      -         -      -     -
`
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTablesFitAScreen(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdio: stdio{out: &out}}
	a.printWorkers(fleetStatus())
	a.printBoards(fleetStatus())
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 120 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), " 2/4 ") {
		t.Errorf("nothing says that pi2 uses two of its four slots:\n%s", out.String())
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"trawl/edge/board"
	"trawl/edge/human"
	"trawl/edge/wire"
)

// printBoards says what boards the workers run on and how they feel. Plain
// workers say nothing of theirs.
func (a *app) printBoards(workers []wire.WorkerStatus) {
	t := newTable("WORKER", "BOARD", "CORES", "LOAD", "MEMORY FREE", "TEMP", "BOARD UP", "TRAWL", "UP", "HEALTH")
	for i := range workers {
		w := &workers[i]
		if len(w.Board) == 0 {
			continue
		}
		var facts board.Facts
		_ = json.Unmarshal(w.Board, &facts) // what it does not say stays zero
		load, free, temperature, up := boardHealth(w.Stats, &facts)
		t.row(w.Name, boardName(&facts), orDash(facts.Cores > 0, facts.Cores), load, free, temperature, up,
			orDash(w.Version != "", w.Version), workerAge(w), healthWords(w.Stats))
	}
	a.printTable("\n", t, "")
}

// boardName is short: the revision is in --json.
func boardName(f *board.Facts) string {
	if f.Model == "" {
		return f.OS + "/" + f.Arch
	}
	name, _, _ := strings.Cut(f.Model, " Rev ")
	return strings.Replace(name, "Raspberry Pi", "Pi", 1)
}

// health reads how a worker's board feels; nil if it does not tell.
func health(s *wire.WorkerStats) *board.Health {
	var h *board.Health
	if s == nil || s.Health == nil || json.Unmarshal(s.Health, &h) != nil {
		return nil
	}
	return h
}

// boardHealth is the columns from load to uptime.
func boardHealth(s *wire.WorkerStats, f *board.Facts) (load, free, temperature, up string) {
	h := health(s)
	if h == nil {
		return "-", "-", "-", "-"
	}
	free = orDash(h.Available > 0, human.Bytes(h.Available))
	if f.Memory > 0 && h.Available > 0 {
		free = fmt.Sprintf("%s (%d%%)", free, h.Available*100/f.Memory)
	}
	return fmt.Sprintf("%.1f", h.Load), free, orDash(h.Celsius != 0, fmt.Sprintf("%.0f °C", h.Celsius)), orDash(h.UptimeS > 0, age(h.UptimeS))
}

// workerAge is how long the process runs.
func workerAge(w *wire.WorkerStatus) string {
	if w.Stats == nil {
		return "-"
	}
	return age(w.Stats.UptimeS)
}

// healthWords says what is wrong with a board.
func healthWords(s *wire.WorkerStats) string {
	h := health(s)
	if h == nil {
		return "-"
	}
	var wrong []string
	for _, is := range []struct {
		so   bool
		what string
	}{{h.Hot, "hot"}, {h.Throttled, "throttled"}, {h.UnderVoltage, "under-voltage"}} {
		if is.so {
			wrong = append(wrong, is.what)
		}
	}
	if len(wrong) == 0 {
		return "ok"
	}
	return strings.Join(wrong, ", ")
}

// orDash is v, or a dash for what is not known.
func orDash(known bool, v any) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(v)
}

// age formats seconds by their two largest units: 3d4h, 5m0s.
func age(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch days := int64(d / (24 * time.Hour)); {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, int64(d/time.Hour)%24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", int64(d/time.Hour), int64(d/time.Minute)%60)
	}
	return d.String()
}

// slots is how many requests a worker works on at once; with those that it would
// if its board were well.
func slots(w *wire.WorkerStatus) string {
	if w.MaxSlots > w.Slots {
		return fmt.Sprintf("%d/%d", w.Slots, w.MaxSlots)
	}
	return fmt.Sprint(w.Slots)
}

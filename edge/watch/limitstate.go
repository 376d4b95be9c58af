package watch

// Saved rate limits, so that a crash loop is no way around a limit.

import (
	"encoding/hex"
	"encoding/json"
	"time"
)

// savedLimits is a limiter in JSON.
type savedLimits struct {
	Boot    string        `json:"boot"` // bootID; Start counts from there
	Windows []savedWindow `json:"windows"`
}

type savedWindow struct {
	Kind       string          `json:"kind"`
	Start      time.Duration   `json:"start"`
	Told       int             `json:"told"`
	Count      uint64          `json:"count"`
	Suppressed uint64          `json:"suppressed"`
	Event      json.RawMessage `json:"event,omitempty"`
}

// save writes all windows; with line, held events have whole records.
func (l *limiter) save(line bool) ([]byte, error) {
	s := savedLimits{Boot: bootID()}
	for el := l.ends.Front(); el != nil; el = el.Next() {
		w := el.Value.(*window)
		saved := savedWindow{Kind: hex.EncodeToString(w.kind[:]), Start: w.start, Told: w.told, Count: w.count, Suppressed: w.suppressed}
		if w.held != nil {
			saved.Event = w.held.AppendJSON(nil, line)
		}
		s.Windows = append(s.Windows, saved)
	}
	return json.Marshal(&s)
}

// load reads the output of save. Windows of another boot, with another clock,
// begin now; windows of another boot without suppressed events are forgotten.
func (l *limiter) load(data []byte, now time.Duration) error {
	var s savedLimits
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	last := time.Duration(0)
	for i := range s.Windows {
		saved := &s.Windows[i]
		w := &window{start: saved.Start, told: saved.Told, count: saved.Count, suppressed: saved.Suppressed}
		if _, err := hex.Decode(w.kind[:], []byte(saved.Kind)[:min(len(saved.Kind), 2*len(w.kind))]); err != nil {
			return err
		}
		if s.Boot != bootID() {
			w.start = now
		}
		w.start = min(max(w.start, last), now) // in order, whatever the file says
		last = w.start
		if saved.Event != nil && saved.Suppressed > 0 {
			e, err := parseEvent(saved.Event)
			if err != nil {
				return err
			}
			l.hold(w, e)
		}
		if w.held == nil && (w.suppressed > 0 || s.Boot != bootID()) || l.windows[w.kind] != nil || len(l.windows) > maxKinds {
			l.release(w)
			continue
		}
		l.open(w)
	}
	return nil
}

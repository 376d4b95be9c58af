// Watchers: what they have reported lately.
package broker

import (
	"cmp"
	"math"
	"sort"
	"sync"
	"time"

	"trawl/edge/wire"
)

// maxWatchers bounds how many watchers are remembered. One more is refused while none of them has
// been silent for wire.ReportExpires.
const maxWatchers = 64

// watchers remembers watchers. What is retained of reports counts against limits.memory. The
// methods may be called concurrently.
type watchers struct {
	documents *documents

	mu   sync.Mutex
	seen map[watcherKey]*watcher // made by the first report
}

// watcherKey tells watchers apart: the port of an address is another after each connection.
type watcherKey struct{ name, host string }

type watcher struct {
	report  *wire.Report
	address string
	held    int64 // bytes counted
	at      time.Time
	records uint64  // of all sources
	perS    float64 // records, between the last two reports
}

// watcherCost is the memory of a watcher beside its report, in bytes.
const watcherCost = 512

// note remembers a report in place of the one before, and forgets a watcher that ends.
func (ws *watchers) note(r *wire.Report, address string, now time.Time) *wire.Error {
	key := watcherKey{r.Name, hostOf(address)}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.expireLocked(now)
	before := ws.seen[key]
	if r.Stopping {
		ws.forgetLocked(key)
		return nil
	}
	if before == nil && len(ws.seen) >= maxWatchers {
		return wire.Errorf(wire.Busy, "%d watchers report to this broker already; the status has no room for another", maxWatchers)
	}
	w := &watcher{report: r, address: address, held: r.Size() + watcherCost, at: now, records: recordsOf(r)}
	counted := w.held
	if before != nil {
		counted -= before.held
	}
	if !ws.documents.count(counted) {
		return wire.Errorf(wire.Busy, "the broker has no memory for the report for now; try later")
	}
	if before != nil {
		w.perS = before.perS
		if took := now.Sub(before.at).Seconds(); took > 0 {
			w.perS = 0
			if w.records > before.records {
				w.perS = math.Round(float64(w.records-before.records)/took*10) / 10
			}
		}
	}
	if ws.seen == nil {
		ws.seen = make(map[watcherKey]*watcher)
	}
	ws.seen[key] = w
	return nil
}

func recordsOf(r *wire.Report) (n uint64) {
	for i := range r.Sources {
		n += r.Sources[i].Records
	}
	return n
}

// forgetLocked needs ws.mu.
func (ws *watchers) forgetLocked(key watcherKey) {
	if w := ws.seen[key]; w != nil {
		ws.documents.count(-w.held)
		delete(ws.seen, key)
	}
}

// expireLocked forgets silent watchers. It needs ws.mu.
func (ws *watchers) expireLocked(now time.Time) {
	for key, w := range ws.seen {
		if now.Sub(w.at) > wire.ReportExpires {
			ws.forgetLocked(key)
		}
	}
}

// list returns the watchers by name and address. Nobody may change the reports.
func (ws *watchers) list(now time.Time) (list []wire.WatcherStatus) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.expireLocked(now)
	for _, w := range ws.seen {
		list = append(list, wire.WatcherStatus{Report: *w.report, Address: w.address, AgoS: int64(now.Sub(w.at) / time.Second), RecordsPerS: w.perS})
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address)) < 0
	})
	return list
}

// report takes the report of a control request.
func (b *Broker) report(q *request) *wire.Error {
	if q.message.NumFrames() != 2 {
		return wire.Errorf(wire.BadRequest, "a report is a header and one frame, the watcher's document")
	}
	r, err := wire.ParseReport(q.message.Frame(1))
	if err != nil {
		return wire.AsError(err)
	}
	return b.watchers.note(r, q.client.conn.Peer().RemoteAddr, time.Now())
}

package broker

// The metrics of the broker: which there are, and where their values come from.

import (
	"maps"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"trawl/edge/board"
	"trawl/edge/wire"
)

// exposedFirst and exposedLast bound the buckets that a histogram shows.
const (
	exposedFirst = 128 * time.Microsecond
	exposedLast  = 128 * time.Microsecond << 17 // 16.8 s, beyond the default deadline
)

// families are all metrics, in the order of docs/metrics.md, which a test holds
// against them.
var families []*metric

func family(kind, name, help string, labels ...string) *metric {
	m := &metric{name: name, kind: kind, help: help, labels: labels}
	families = append(families, m)
	return m
}

var (
	mInfo         = family("gauge", "trawl_broker_info", "1; the version of trawl and of the protocol.", "version", "protocol")
	mDraining     = family("gauge", "trawl_broker_draining", "1 while the broker takes no new requests.")
	mClients      = family("gauge", "trawl_broker_clients", "Clients connected.")
	mRequests     = family("counter", "trawl_broker_requests_total", "Requests by how they ended: ok, an error code, failed_on_worker (the worker answered an error) or client_gone.", "outcome")
	mPending      = family("gauge", "trawl_broker_requests_pending", "Requests admitted and not answered.")
	mPendingBytes = family("gauge", "trawl_broker_requests_pending_bytes", "Their size, with 1 KiB each for what holds them.")
	mHeldBytes    = family("gauge", "trawl_broker_buffered_bytes", "Answers that clients have not taken, and requests half read.")
	mMemory       = family("gauge", "trawl_broker_memory_limit_bytes", "What requests and answers may take together (limits.memory).")
	mCounters     = counterFamilies()
	mRefused      = family("counter", "trawl_broker_peers_refused_total", "Peers that did not get in, by reason.", "reason")

	mQueue      = family("gauge", "trawl_broker_queue_length", "Requests that wait for a worker.", "rule_set")
	mOldest     = family("gauge", "trawl_broker_queue_oldest_seconds", "Age of the one that waits longest; 0 if none does.", "rule_set")
	mNamedQueue = family("gauge", "trawl_broker_named_queue_length", "Requests that wait for a worker that they name.")
	mServing    = family("gauge", "trawl_broker_rule_set_workers", "Workers that serve the rule set.", "rule_set")
	mLatency    = family("histogram", "trawl_broker_request_duration_seconds", "From the arrival of a request to its answer by a worker.", "rule_set")

	mRegexTime     = family("gauge", "trawl_broker_regex_seconds", "Time that a regex has taken on all workers connected, since they opened its pack; of the 20 that took most. Falls when workers leave or load other rules.", "rule_set", "rule")
	mRegexVerified = family("gauge", "trawl_broker_regex_verified", "Texts or lines that it ran on.", "rule_set", "rule")
	mRegexMatched  = family("gauge", "trawl_broker_regex_matched", "Of these, those with a match.", "rule_set", "rule")
	mRegexGivenUp  = family("gauge", "trawl_broker_regex_given_up", "Of these, those that it was given up on, as it would have taken too long.", "rule_set", "rule")
	mRuleMatches   = family("counter", "trawl_worker_rule_matches_total", "Matches of a rule that answers list, on all workers connected, since they opened its pack; of the 20 rules that match most. Falls when workers leave or load other rules.", "rules", "rule")

	mWorkers        = family("gauge", "trawl_broker_workers", "Workers connected, by kind (trawl, plain) and state (ready, draining, silent, failing).", "kind", "state")
	mSlots          = family("gauge", "trawl_broker_worker_slots", "Requests that the worker works on at once; fewer than it has while its board is strained.", "worker")
	mMostSlots      = family("gauge", "trawl_broker_worker_max_slots", "Slots that it has when its board is well.", "worker")
	mWindow         = family("gauge", "trawl_broker_worker_window", "Requests that it gets to hold at most.", "worker")
	mOutstanding    = family("gauge", "trawl_broker_worker_outstanding", "Requests that it holds.", "worker")
	mAnswered       = family("counter", "trawl_broker_worker_answered_total", "Answers to this broker over this connection.", "worker")
	mWorkerRequests = family("counter", "trawl_broker_worker_requests_total", "Requests that it has done since it started, for all its brokers.", "worker")
	mWorkerFailed   = family("counter", "trawl_broker_worker_failed_total", "Those that it answered with an error.", "worker")
	mWorkerBytes    = family("counter", "trawl_broker_worker_text_bytes_total", "Text that it has scanned.", "worker")
	mWorkerMatches  = family("counter", "trawl_broker_worker_matches_total", "Matches that it has found.", "worker")
	mWorkerBusy     = family("counter", "trawl_broker_worker_busy_seconds_total", "Time of its slots, all together, spent on requests.", "worker")
	mWorkerResident = family("gauge", "trawl_broker_worker_resident_bytes", "Its resident memory.", "worker")

	mBoardInfo      = family("gauge", "trawl_broker_board_info", "1; what board the worker runs on, and the worker's version of trawl.", "worker", "model", "os", "arch", "version")
	mBoardCores     = family("gauge", "trawl_broker_board_cores", "Its cores.", "worker")
	mBoardMemory    = family("gauge", "trawl_broker_board_memory_bytes", "Its memory.", "worker")
	mBoardLoad      = family("gauge", "trawl_broker_board_load1", "Its load, mean of a minute.", "worker")
	mBoardAvailable = family("gauge", "trawl_broker_board_memory_available_bytes", "Memory that programs can still get.", "worker")
	mBoardCelsius   = family("gauge", "trawl_broker_board_temperature_celsius", "Its hottest sensor; absent if it has none.", "worker")
	mBoardHot       = family("gauge", "trawl_broker_board_hot", "1 at the temperature where its kernel or firmware acts.", "worker")
	mBoardThrottled = family("gauge", "trawl_broker_board_throttled", "1 while its kernel slows it down.", "worker")
	mBoardVoltage   = family("gauge", "trawl_broker_board_under_voltage", "1 while its power supply is too weak.", "worker")
	mBoardUptime    = family("gauge", "trawl_broker_board_uptime_seconds", "Time since it booted.", "worker")

	mWatchers          = family("gauge", "trawl_broker_watchers", "Watchers (trawl watch) that have reported lately.")
	mWatcherRecords    = family("counter", "trawl_broker_watcher_records_total", "Lines and messages that the watcher has read.", "watcher", "host")
	mWatcherEvents     = family("counter", "trawl_broker_watcher_events_total", "Matches in them.", "watcher", "host")
	mWatcherBehind     = family("gauge", "trawl_broker_watcher_behind_bytes", "Bytes of its files that it has not read yet.", "watcher", "host")
	mWatcherSuppressed = family("counter", "trawl_broker_watcher_suppressed_total", "Events that rate limits have held back.", "watcher", "host")
	mWatcherDropped    = family("counter", "trawl_broker_watcher_dropped_total", "Events dropped: for want of room, or refused by the sink for ever.", "watcher", "host")
	mWatcherWaiting    = family("gauge", "trawl_broker_watcher_waiting", "Events that wait for sinks.", "watcher", "host")
	mWatcherAway       = family("gauge", "trawl_broker_watcher_sinks_away", "Sinks that take nothing for now.", "watcher", "host")

	mOmitted = family("gauge", "trawl_broker_series_omitted", "Rule sets and workers without metrics of their own because there are too many.", "kind")

	mResident    = family("gauge", "process_resident_memory_bytes", "Resident memory of the broker.")
	mCPU         = family("counter", "process_cpu_seconds_total", "CPU time of the broker, user and system.")
	mFiles       = family("gauge", "process_open_fds", "Open file descriptors.")
	mMaxFiles    = family("gauge", "process_max_fds", "Most file descriptors that may be open.")
	mStarted     = family("gauge", "process_start_time_seconds", "When the broker started, in seconds since 1970.")
	mGoInfo      = family("gauge", "go_info", "1; the version of Go.", "version")
	mGoroutines  = family("gauge", "go_goroutines", "Goroutines.")
	mGoHeap      = family("gauge", "go_memstats_heap_alloc_bytes", "Heap in use by objects, those not yet collected too.")
	mGoSys       = family("gauge", "go_memstats_sys_bytes", "Memory obtained from the system.")
	mGoAllocated = family("counter", "go_memstats_alloc_bytes_total", "Bytes allocated on the heap since the start.")
	mGoCycles    = family("counter", "go_gc_cycles_total", "Runs of the garbage collector.")
)

// exposition returns the metrics of the broker and of its workers' boards.
func (b *Broker) exposition() []byte {
	s := b.router.snapshot(time.Now())
	e := &promText{b: make([]byte, 0, 16<<10)}
	e.value(mInfo, 1, b.options.Version, wire.ProtocolVersion)
	e.flag(mDraining, s.draining)
	e.count(mClients, int64(s.clients))
	for _, outcome := range slices.Sorted(maps.Keys(s.outcomes)) {
		e.count(mRequests, s.outcomes[outcome], outcome)
	}
	e.count(mPending, int64(s.pending))
	e.count(mPendingBytes, s.pendingBytes)
	e.count(mHeldBytes, s.heldBytes)
	e.count(mMemory, b.options.Limits.Memory)
	e.counters(&s.counters)
	refused := b.refused()
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		e.count(mRefused, refused[reason], reason)
	}
	ruleSets, omittedSets := seriesOf(s.targets)
	e.ruleSets(ruleSets, s.namedQueue)
	for i := range s.matches {
		e.value(mRuleMatches, float64(s.matches[i].Matches), s.matches[i].RuleSet, s.matches[i].Rule)
	}
	e.regexes(s.costs[:min(len(s.costs), maxRegexSeries)])
	workers, omittedWorkers := s.workerSeries()
	e.states(s.workers)
	e.workers(workers)
	e.boards(workers)
	e.watchers(b.watchers.list(time.Now()))
	e.count(mOmitted, int64(omittedSets), "rule_sets")
	e.count(mOmitted, int64(omittedWorkers), "workers")
	e.process(board.ReadProcess())
	return e.b
}

// Metrics are bounded: only so many rule sets and workers have series, in the
// order of their names. Names come from workers and the configuration, never
// from clients.
const (
	maxRuleSetSeries = 64
	maxRegexSeries   = 20
	maxWorkerSeries  = 256
)

// ruleSetSeries sums up a rule set and the packs of it that were asked for by
// hash: how clients write a hash must not make series.
type ruleSetSeries struct {
	name    string
	workers int
	queued  int
	oldest  time.Duration
	latency histogram
}

// seriesOf sums targets, which are in the order of their names.
func seriesOf(targets []targetState) (all []ruleSetSeries, omitted int) {
	at := make(map[string]int)
	for i := range targets {
		t := &targets[i]
		if name, hash := wire.SplitRules(t.name); hash == "" && t.known {
			if len(all) == maxRuleSetSeries {
				omitted++
				continue
			}
			at[name] = len(all)
			all = append(all, ruleSetSeries{name: name, workers: t.workers})
		}
	}
	for i := range targets {
		t := &targets[i]
		name, _ := wire.SplitRules(t.name)
		k, ok := at[name]
		if !ok {
			continue
		}
		sum := &all[k]
		sum.queued += t.queued
		sum.oldest = max(sum.oldest, t.oldest)
		if t.latency != nil {
			sum.latency.add(t.latency)
		}
	}
	return all, omitted
}

// workerSeries returns trawl's own workers: a plain one is named after its address, which is
// another each time.
func (s *snapshot) workerSeries() (all []workerState, omitted int) {
	for i := range s.workers {
		switch {
		case s.workers[i].kind != "trawl":
		case len(all) == maxWorkerSeries:
			omitted++
		default:
			all = append(all, s.workers[i])
		}
	}
	return all, omitted
}

func (e *promText) ruleSets(sets []ruleSetSeries, namedQueue int) {
	for i := range sets {
		e.count(mQueue, int64(sets[i].queued), sets[i].name)
	}
	for i := range sets {
		e.value(mOldest, sets[i].oldest.Seconds(), sets[i].name)
	}
	e.count(mNamedQueue, int64(namedQueue))
	for i := range sets {
		e.count(mServing, int64(sets[i].workers), sets[i].name)
	}
	for i := range sets {
		e.histogram(mLatency, &sets[i].latency, sets[i].name)
	}
}

func (e *promText) regexes(costs []wire.RuleCost) {
	for _, m := range []struct {
		m     *metric
		value func(*wire.RuleCost) float64
	}{
		{mRegexTime, func(c *wire.RuleCost) float64 { return float64(c.TimeUS) / 1e6 }},
		{mRegexVerified, func(c *wire.RuleCost) float64 { return float64(c.Verified) }},
		{mRegexMatched, func(c *wire.RuleCost) float64 { return float64(c.Matched) }},
		{mRegexGivenUp, func(c *wire.RuleCost) float64 { return float64(c.GivenUp) }},
	} {
		for i := range costs {
			e.value(m.m, m.value(&costs[i]), costs[i].RuleSet, costs[i].Rule)
		}
	}
}

// states writes how many workers are in each state, 0 too, so that a state that ends does not
// leave its last value standing.
func (e *promText) states(workers []workerState) {
	type kindState struct{ kind, state string }
	n := make(map[kindState]int)
	for i := range workers {
		n[kindState{workers[i].kind, workers[i].state}]++
	}
	for _, kind := range []string{"trawl", "plain"} {
		for _, state := range workerStates {
			e.count(mWorkers, int64(n[kindState{kind, state}]), kind, state)
		}
	}
}

// workers writes the series of each.
func (e *promText) workers(workers []workerState) {
	each(e, mSlots, workers, func(w *workerState) float64 { return float64(w.slots) })
	each(e, mMostSlots, workers, func(w *workerState) float64 { return float64(w.most) })
	each(e, mWindow, workers, func(w *workerState) float64 { return float64(w.window) })
	each(e, mOutstanding, workers, func(w *workerState) float64 { return float64(w.held) })
	each(e, mAnswered, workers, func(w *workerState) float64 { return float64(w.answered) })
	heard := slices.DeleteFunc(slices.Clone(workers), func(w workerState) bool { return w.stats == nil })
	each(e, mWorkerRequests, heard, func(w *workerState) float64 { return float64(w.stats.Requests) })
	each(e, mWorkerFailed, heard, func(w *workerState) float64 { return float64(w.stats.Failed) })
	each(e, mWorkerBytes, heard, func(w *workerState) float64 { return float64(w.stats.Bytes) })
	each(e, mWorkerMatches, heard, func(w *workerState) float64 { return float64(w.stats.Matches) })
	each(e, mWorkerBusy, heard, func(w *workerState) float64 { return float64(w.stats.BusyUS) / 1e6 })
	each(e, mWorkerResident, heard, func(w *workerState) float64 { return float64(w.stats.ResidentBytes) })
}

func (e *promText) boards(workers []workerState) {
	for i := range workers {
		w := &workers[i]
		e.value(mBoardInfo, 1, w.name, w.facts.Model, w.facts.OS, w.facts.Arch, w.version)
	}
	each(e, mBoardCores, workers, func(w *workerState) float64 { return float64(w.facts.Cores) })
	each(e, mBoardMemory, workers, func(w *workerState) float64 { return float64(w.facts.Memory) })
	known := slices.DeleteFunc(slices.Clone(workers), func(w workerState) bool { return w.health == nil })
	each(e, mBoardLoad, known, func(w *workerState) float64 { return w.health.Load })
	each(e, mBoardAvailable, known, func(w *workerState) float64 { return float64(w.health.Available) })
	measured := slices.DeleteFunc(slices.Clone(known), func(w workerState) bool { return w.health.Celsius == 0 })
	each(e, mBoardCelsius, measured, func(w *workerState) float64 { return w.health.Celsius })
	for i := range known {
		e.flag(mBoardHot, known[i].health.Hot, known[i].name)
	}
	for i := range known {
		e.flag(mBoardThrottled, known[i].health.Throttled, known[i].name)
	}
	for i := range known {
		e.flag(mBoardVoltage, known[i].health.UnderVoltage, known[i].name)
	}
	each(e, mBoardUptime, known, func(w *workerState) float64 { return float64(w.health.UptimeS) })
}

// each writes a family of which every worker has a series.
func each(e *promText, m *metric, workers []workerState, value func(*workerState) float64) {
	for i := range workers {
		e.value(m, value(&workers[i]), workers[i].name)
	}
}

// process writes what the operating system and Go's runtime know of the broker.
// What a system does not tell is left out.
func (e *promText) process(p board.Process) {
	for _, known := range []struct {
		m *metric
		v float64
	}{
		{mResident, float64(p.Resident)},
		{mCPU, p.CPU.Seconds()},
		{mFiles, float64(p.OpenFiles)},
		{mMaxFiles, float64(p.MaxFiles)},
	} {
		if known.v > 0 {
			e.value(known.m, known.v)
		}
	}
	e.value(mStarted, float64(processStart.UnixMilli())/1000)
	e.value(mGoInfo, 1, runtime.Version())
	samples := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	for i, m := range []*metric{mGoroutines, mGoHeap, mGoSys, mGoAllocated, mGoCycles} {
		if samples[i].Value.Kind() == metrics.KindUint64 {
			e.value(m, float64(samples[i].Value.Uint64()))
		}
	}
}

// processStart is early enough: the program has little to do before.
var processStart = time.Now()

package watch

// The metrics of a watcher, in the text format 0.0.4 of Prometheus.

import (
	"cmp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"trawl/edge/board"
)

// hits counts the matches of each rule and source. The zero value counts nothing until on is set.
type hits struct {
	on bool // set before the first batch

	mu      sync.Mutex
	counted map[hit]uint64
	omitted uint64 // matches of rules that found no room
}

type hit struct{ source, rule string }

const (
	maxHits    = 1000 // series
	maxHitRule = 128  // bytes of a rule's id
)

// note counts the events of a batch.
func (h *hits) note(events []*Event) {
	if !h.on || len(events) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counted == nil {
		h.counted = make(map[hit]uint64)
	}
	for _, e := range events {
		key := hit{e.Source, e.Rule}
		if len(key.rule) > maxHitRule {
			key.rule = key.rule[:maxHitRule]
		}
		n, known := h.counted[key]
		if !known && len(h.counted) >= maxHits {
			h.omitted++
			continue
		}
		if !known {
			key.rule = strings.Clone(key.rule) // a batch is not kept for its ids
		}
		h.counted[key] = n + 1
	}
}

// list returns the counts by source and rule.
func (h *hits) list() (keys []hit, counts []uint64, omitted uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.counted {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		return cmp.Or(cmp.Compare(keys[i].source, keys[j].source), cmp.Compare(keys[i].rule, keys[j].rule)) < 0
	})
	for _, key := range keys {
		counts = append(counts, h.counted[key])
	}
	return keys, counts, h.omitted
}

// exposition is a document of metrics in the making.
type exposition struct{ b []byte }

// family begins a family. Its samples follow.
func (x *exposition) family(kind, name, help string) {
	x.b = append(x.b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample writes a sample; labels are names and values in turn.
func (x *exposition) sample(name string, value float64, labels ...string) {
	x.b = append(x.b, name...)
	for i := 0; i < len(labels); i += 2 {
		before := ","
		if i == 0 {
			before = "{"
		}
		x.b = append(x.b, before+labels[i]+`="`...)
		for _, r := range strings.ToValidUTF8(labels[i+1], "\ufffd") {
			switch r {
			case '\n':
				x.b = append(x.b, `\n`...)
			case '"', '\\':
				x.b = append(x.b, '\\', byte(r))
			default:
				x.b = append(x.b, string(r)...)
			}
		}
		x.b = append(x.b, '"')
	}
	if len(labels) > 0 {
		x.b = append(x.b, '}')
	}
	x.b = append(strconv.AppendFloat(append(x.b, ' '), value, 'g', -1, 64), '\n')
}

// metrics writes all metrics.
func (w *watcher) metrics() []byte {
	s, x := w.status(), &exposition{}
	x.family("gauge", "trawl_watch_info", "1; the version of trawl.")
	x.sample("trawl_watch_info", 1, "version", w.Version)
	x.family("gauge", "trawl_watch_matching", "1 while records are matched; 0 while brokers or rules are away.")
	x.sample("trawl_watch_matching", flag(s.Matching == nil))
	x.sources(s.Sources)
	x.sinks(s.Sinks)
	keys, counts, omitted := w.hits.list()
	x.family("counter", "trawl_watch_matches_total", "Matches, by rule and source; of the first 1,000 pairs.")
	for i, key := range keys {
		x.sample("trawl_watch_matches_total", float64(counts[i]), "rule", key.rule, "source", key.source)
	}
	x.family("counter", "trawl_watch_matches_omitted_total", "Matches of further pairs of rule and source.")
	x.sample("trawl_watch_matches_omitted_total", float64(omitted))
	x.family("gauge", "process_resident_memory_bytes", "Resident memory of the watcher.")
	x.sample("process_resident_memory_bytes", float64(board.Resident()))
	if n, known := board.Written(0); known {
		x.family("counter", "trawl_watch_written_bytes_total", "Bytes that the watcher has written to disks.")
		x.sample("trawl_watch_written_bytes_total", float64(n))
	}
	return x.b
}

func (x *exposition) sources(list []SourceState) {
	for _, f := range []struct {
		kind, name, help string
		of               func(*SourceState) float64
	}{
		{"counter", "trawl_watch_records_total", "Lines and messages read.", func(s *SourceState) float64 { return float64(s.Records) }},
		{"counter", "trawl_watch_events_total", "Matches in them.", func(s *SourceState) float64 { return float64(s.Events) }},
		{"counter", "trawl_watch_lost_total", "Known losses, in records; of files, in bytes.", func(s *SourceState) float64 { return float64(s.Lost) }},
		{"gauge", "trawl_watch_behind_bytes", "Bytes not read yet; absent where that is not known.", func(s *SourceState) float64 { return float64(s.Behind) }},
		{"gauge", "trawl_watch_source_up", "1 while nothing is wrong with the source.", func(s *SourceState) float64 { return flag(s.Problem == "") }},
	} {
		x.family(f.kind, f.name, f.help)
		for i := range list {
			if v := f.of(&list[i]); v >= 0 {
				x.sample(f.name, v, "source", list[i].Name)
			}
		}
	}
}

func (x *exposition) sinks(list []SinkStatus) {
	for _, f := range []struct {
		kind, name, help string
		of               func(*SinkStatus) float64
	}{
		{"gauge", "trawl_watch_sink_up", "1 while the sink takes events.", func(s *SinkStatus) float64 { return flag(s.Away == nil) }},
		{"gauge", "trawl_watch_sink_blocking", "1 while sources wait for the sink.", func(s *SinkStatus) float64 { return flag(s.Blocking) }},
		{"gauge", "trawl_watch_sink_waiting", "Events that wait for the sink.", func(s *SinkStatus) float64 { return float64(s.Waiting) }},
		{"counter", "trawl_watch_sink_delivered_total", "Events that the sink has taken.", func(s *SinkStatus) float64 { return float64(s.Delivered) }},
		{"counter", "trawl_watch_sink_suppressed_total", "Events that the rate limit has held back.", func(s *SinkStatus) float64 { return float64(s.Suppressed) }},
		{"counter", "trawl_watch_sink_refused_total", "Events that the sink will never take.", func(s *SinkStatus) float64 { return float64(s.Refused) }},
		{"counter", "trawl_watch_sink_dropped_total", "Events dropped for want of room.", func(s *SinkStatus) float64 { return float64(s.Dropped) }},
	} {
		x.family(f.kind, f.name, f.help)
		for i := range list {
			x.sample(f.name, f.of(&list[i]), "sink", list[i].Name)
		}
	}
}

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

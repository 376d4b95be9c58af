package wire

// What a watcher tells its broker about itself, for the status.

import (
	"encoding/json"
	"time"
	"unsafe"

	"trawl/edge/escape"
	"trawl/edge/names"
)

// Report is the document of a report request. Counters count since the start of the watcher.
type Report struct {
	Name     string         `json:"name"` // watch.name
	Version  string         `json:"version,omitempty"`
	UptimeS  int64          `json:"uptime_s"`
	Stopping bool           `json:"stopping,omitempty"` // the last report: the watcher ends
	Matching string         `json:"matching,omitempty"` // why nothing is matched for now; absent: all is well
	Sources  []ReportSource `json:"sources"`
	Sinks    []ReportSink   `json:"sinks"`
	// Omitted is how many sources and sinks more there are.
	Omitted int `json:"omitted,omitempty"`
	// WrittenBytes is what the process has written to disks; absent: not known.
	WrittenBytes *int64 `json:"written_bytes,omitempty"`
}

// ReportSource is a source of a watcher.
type ReportSource struct {
	Name        string `json:"name"`
	Records     uint64 `json:"records"` // lines and messages read
	Events      uint64 `json:"events"`  // matches
	Lost        uint64 `json:"lost"`    // known losses, in records; of files, in bytes
	BehindBytes *int64 `json:"behind_bytes,omitempty"`
	Problem     string `json:"problem,omitempty"`
}

// ReportSink is a sink of a watcher. Events are counted.
type ReportSink struct {
	Name       string `json:"name"`
	State      string `json:"state"` // ready, away, blocking (sources wait for it)
	Waiting    int    `json:"waiting"`
	Delivered  uint64 `json:"delivered"`
	Suppressed uint64 `json:"suppressed"` // held back by the rate limit
	Refused    uint64 `json:"refused"`    // the sink will never take them
	Dropped    uint64 `json:"dropped"`    // for want of room
	Problem    string `json:"problem,omitempty"`
}

// WatcherStatus describes a watcher in the status of its broker.
type WatcherStatus struct {
	Report
	Address     string  `json:"address"`
	AgoS        int64   `json:"ago_s"` // seconds since the last report
	RecordsPerS float64 `json:"records_per_s"`
}

// Bounds of a report, and of how often one comes.
const (
	MaxReport      = 128 << 10 // bytes
	MaxReportItems = 32        // sources, and sinks
	maxReportText  = 256       // bytes of a problem

	ReportEvery  = 3 * time.Second // when something has changed
	ReportAtMost = time.Minute     // between two reports
	// ReportExpires is the silence after which a broker forgets a watcher.
	ReportExpires = 150 * time.Second
)

// States of a sink.
const (
	SinkReady    = "ready"
	SinkAway     = "away"
	SinkBlocking = "blocking"
)

// ParseReport reads and checks the document of a report request. Every error is an *Error. The
// report keeps nothing of frame. Texts in the report are one line each, and cut to their bounds.
func ParseReport(frame []byte) (*Report, error) {
	if len(frame) > MaxReport {
		return nil, Errorf(TooLarge, "the report has %d bytes, at most %d are allowed", len(frame), MaxReport)
	}
	r := new(Report)
	if err := json.Unmarshal(frame, r); err != nil {
		return nil, Errorf(BadRequest, "the report is not a JSON object of a watcher: %v", err)
	}
	if err := names.Check(r.Name); err != nil {
		return nil, Errorf(BadRequest, "the watcher's name: %v", err)
	}
	if len(r.Sources) > MaxReportItems || len(r.Sinks) > MaxReportItems {
		return nil, Errorf(BadRequest, "the report has %d sources and %d sinks, at most %d of each are allowed", len(r.Sources), len(r.Sinks), MaxReportItems)
	}
	for i := range r.Sources {
		s := &r.Sources[i]
		if err := names.Check(s.Name); err != nil {
			return nil, Errorf(BadRequest, "a source's name: %v", err)
		}
		s.Problem = escape.Cut(s.Problem, maxReportText)
	}
	for i := range r.Sinks {
		s := &r.Sinks[i]
		if err := names.Check(s.Name); err != nil {
			return nil, Errorf(BadRequest, "a sink's name: %v", err)
		}
		switch s.State {
		case SinkReady, SinkAway, SinkBlocking:
		default:
			return nil, Errorf(BadRequest, "a sink's state is %q; it must be %s, %s or %s", s.State, SinkReady, SinkAway, SinkBlocking)
		}
		s.Problem = escape.Cut(s.Problem, maxReportText)
	}
	r.Version, r.Matching = escape.Cut(r.Version, maxReportText), escape.Cut(r.Matching, maxReportText)
	r.UptimeS, r.Omitted = max(0, r.UptimeS), max(0, r.Omitted)
	return r, nil
}

// Size returns the memory that r retains, in bytes.
func (r *Report) Size() int64 {
	n := int64(unsafe.Sizeof(*r)) + int64(len(r.Name)+len(r.Version)+len(r.Matching)) + 8
	n += int64(cap(r.Sources)) * int64(unsafe.Sizeof(ReportSource{}))
	for i := range r.Sources {
		n += int64(len(r.Sources[i].Name)+len(r.Sources[i].Problem)) + 8
	}
	n += int64(cap(r.Sinks)) * int64(unsafe.Sizeof(ReportSink{}))
	for i := range r.Sinks {
		n += int64(len(r.Sinks[i].Name) + len(r.Sinks[i].State) + len(r.Sinks[i].Problem))
	}
	return n
}

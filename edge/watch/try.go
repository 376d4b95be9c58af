package watch

// Dry runs, and made-up events for trying sinks.

import (
	"context"
	"crypto/rand"
	"time"
)

// DryRun stands in place of a sink and prints previews.
type DryRun struct {
	Name string
	Sink Sink
	Out  func(text string) // prints lines
}

// Send prints all events.
func (d *DryRun) Send(_ context.Context, events []*Event) (int, error) {
	for _, e := range events {
		d.Out(d.Name + ": " + d.Sink.Preview(e))
	}
	return len(events), nil
}

// Preview is the sink's.
func (d *DryRun) Preview(e *Event) string { return d.Sink.Preview(e) }

// Close closes the sink.
func (d *DryRun) Close() error { return d.Sink.Close() }

// Example makes up an event that passes a sink's filter.
func Example(board string, o *SinkOptions, groups []Group) *Event {
	first := func(list []string, other string) string {
		if len(list) > 0 {
			return list[0]
		}
		return other
	}
	e := &Event{
		Time: time.Now(), Board: board, Source: "example", Rules: first(o.Filter.Rules, "default"), Rule: "example",
		Severity: first(o.Filter.Severity, "info"), Message: "a made-up event of trawl watch --try",
		Text: []byte("example"), Line: []byte("this is an example of a line"), Start: 11, End: 18, Groups: groups,
	}
	if len(o.Filter.Tags) > 0 {
		e.Tags = o.Filter.Tags[:1]
	}
	e.ID = eventID(board, e.Source, []byte(rand.Text()), e.Line, e.Rules, e.Rule, e.Start)
	return e
}
